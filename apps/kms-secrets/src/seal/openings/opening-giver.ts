import { X509Certificate } from 'node:crypto';
import { sealTo } from '@gabion/keys/hpke';
import { KeyError } from '@gabion/keys/key-error';
import { auditOwn } from '@gabion/service/audit';
import type { Logger } from '@gabion/telemetry/log';
import type { Clock } from '../../area.ts';
import type { Database, Tx } from '../../db/schema.ts';
import type { OpenSeal } from '../open-seal.ts';
import { lockSeal } from '../seal-store.ts';
import { answerStatementOf, contextOf, isOf, type OpeningRequest, statementOf } from './opening-request.ts';
import { answerOpening, deleteOpenings, lockPending, pendingOpenings, requestOf } from './opening-store.ts';
import type { Replicas } from './replicas.ts';
import type { OpeningRow } from './tables.ts';

export interface GiverParts {
  readonly db: Database;
  readonly log: Logger;
  readonly now: Clock;
  readonly seal: OpenSeal;
  readonly replicas: Replicas;
}

/** An open replica, which opens the sealed ones that ask. */
export class OpeningGiver {
  readonly #parts: GiverParts;

  constructor(parts: GiverParts) {
    this.#parts = parts;
  }

  /** Answers the replicas that ask, and drops what no replica signed. */
  async give(): Promise<void> {
    const { db, log, replicas } = this.#parts;
    const forged: string[] = [];
    for (const row of await pendingOpenings(db.kysely)) {
      if (replicas.isOfReplica(statementOf(requestOf(row)), row)) await db.transaction((tx) => this.#answer(tx, row));
      else forged.push(row.id);
    }
    await deleteOpenings(db.kysely, forged);
    // One line however many there are: who floods the table must not flood the log.
    if (forged.length > 0) log.warn({ count: forged.length }, 'requests to be opened were not signed by a replica');
  }

  async #answer(tx: Tx, row: OpeningRow): Promise<void> {
    const { seal, replicas, now, log } = this.#parts;
    const request = requestOf(row);
    // Held until the answer is stored: who closes the seal waits, and closes those who were opened as well.
    const present = await lockSeal(tx, 'share');
    seal.take(present);
    if (!isOf(request, present)) return deleteOpenings(tx, [request.id]);
    if (!(await lockPending(tx, request.id))) return;
    const sealed = await this.#sealedTo(request);
    if (!sealed) return deleteOpenings(tx, [request.id]);
    await answerOpening(tx, request.id, sealed, replicas.sign(answerStatementOf(request, sealed)));
    const details = { opening: request.id, to_certificate: new X509Certificate(row.certificate).serialNumber };
    await auditOwn(tx, 'kms-secrets.open-replica', { service: 'kms-secrets', resource: 'seal', details }, now());
    tx.afterCommit(() => log.info(details, 'another replica was given the key of the seal'));
  }

  /** Undefined for a key that nothing can be sealed to. */
  async #sealedTo(request: OpeningRequest): Promise<Buffer | undefined> {
    // A copy: the seal's own may be overwritten while this waits.
    const key = Buffer.from(this.#parts.seal.keys.sealKey);
    try {
      return await sealTo(request.publicKey, key, contextOf(request));
    } catch (error) {
      if (!(error instanceof KeyError)) throw error;
    } finally {
      key.fill(0);
    }
  }
}

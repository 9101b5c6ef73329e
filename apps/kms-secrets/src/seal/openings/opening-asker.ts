import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { openSealed } from '@gabion/keys/hpke';
import { KeyError } from '@gabion/keys/key-error';
import type { Logger } from '@gabion/telemetry/log';
import type { Database } from '../../db/schema.ts';
import type { OpenSeal } from '../open-seal.ts';
import { openedBy } from '../opening.ts';
import type { SealKeeper } from '../seal-keeper.ts';
import type { SealRow } from '../tables.ts';
import { answerStatementOf, contextOf, isOf, type OpeningRequest, statementOf } from './opening-request.ts';
import { databaseTime, deleteOpenings, findOpening, insertOpening } from './opening-store.ts';
import type { Replicas } from './replicas.ts';
import type { OpeningRow } from './tables.ts';

/** How long a request is left before another takes its place: well before it is stale. */
const renewingMs = 10_000;

export interface AskerParts {
  readonly db: Database;
  readonly log: Logger;
  readonly seal: OpenSeal;
  readonly keeper: SealKeeper;
  readonly replicas: Replicas;
}

/** What was asked, and the key that opens the answer; it is in memory only. */
interface Asked {
  readonly request: OpeningRequest;
  readonly privateKey: Buffer;
  /** By the monotonic clock. */
  readonly at: number;
}

/** A sealed replica, which asks the open ones to open it. */
export class OpeningAsker implements AsyncDisposable {
  readonly #parts: AskerParts;
  #asked: Asked | undefined;

  constructor(parts: AskerParts) {
    this.#parts = parts;
  }

  /** Opens this replica with an answer that is there, or asks for one. */
  async ask(): Promise<void> {
    const { db, seal, keeper } = this.#parts;
    const { row } = seal;
    if (!row || !keeper.mayOpen(row)) return this.withdraw();
    const asked = this.#asked;
    if (!asked || !isOf(asked.request, row)) return this.#askAnew(row);
    const stored = await findOpening(db.kysely, asked.request.id);
    if (stored?.sealed) return this.#answered(asked, stored);
    if (!stored || performance.now() - asked.at > renewingMs) await this.#askAnew(row);
  }

  /** Takes back what was asked. */
  async withdraw(): Promise<void> {
    const asked = this.#asked;
    if (!asked) return;
    this.#asked = undefined;
    asked.privateKey.fill(0);
    await deleteOpenings(this.#parts.db.kysely, [asked.request.id]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // A database that is away makes the request stale by itself.
    await this.withdraw().catch(() => {});
  }

  async #askAnew({ installation, generation, closings }: SealRow): Promise<void> {
    const { db, replicas } = this.#parts;
    await this.withdraw();
    const keys = generateKeyPairSync('x25519');
    const publicKey = rawOf(keys.publicKey.export({ format: 'jwk' }).x);
    const privateKey = rawOf(keys.privateKey.export({ format: 'jwk' }).d);
    const askTime = await databaseTime(db.kysely);
    const request = { id: randomUUID(), installation, generation, closings, publicKey, askTime };
    this.#asked = { request, privateKey, at: performance.now() };
    await db.transaction((tx) => insertOpening(tx, request, replicas.sign(statementOf(request))));
  }

  async #answered(asked: Asked, answer: OpeningRow): Promise<void> {
    const { seal, keeper, log } = this.#parts;
    const { request } = asked;
    const key = await this.#keyIn(answer, asked);
    await seal.confirm();
    // From here to the opening nothing waits: the seal may have been closed while the answer was on its way.
    const { row } = seal;
    const held = key && row && keeper.mayOpen(row) && isOf(request, row) ? openedBy(key, row) : undefined;
    if (held && row) seal.open(held, row);
    else key?.fill(0);
    if (!held) log.warn({ opening: request.id }, 'an answer did not open the seal');
    await this.withdraw();
  }

  /** The key in an answer; undefined unless a replica gave it for this request. Others could hand over a seal of their own. */
  async #keyIn(answer: OpeningRow, { request, privateKey }: Asked): Promise<Buffer | undefined> {
    const { sealed, answer_certificate: certificate, answer_signature: signature } = answer;
    if (!sealed || !certificate || !signature) return undefined;
    const statement = answerStatementOf(request, sealed);
    if (!this.#parts.replicas.isOfReplica(statement, { certificate, signature })) return undefined;
    return openSealed(privateKey, sealed, contextOf(request)).catch(unlessRefused);
  }
}

function rawOf(text: string | undefined): Buffer {
  return Buffer.from(text ?? '', 'base64url');
}

function unlessRefused(error: unknown): undefined {
  if (!(error instanceof KeyError)) throw error;
}

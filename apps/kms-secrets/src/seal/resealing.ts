import { randomUUID } from 'node:crypto';
import { Fault } from '@gabion/rpc/fault';
import { type Caller, holds } from '@gabion/trust/caller';
import type { Clock } from '../area.ts';
import type { Tx } from '../db/schema.ts';
import type { KeyEncryptionKeys } from './key-encryption-keys.ts';
import type { OpenSeal } from './open-seal.ts';
import { openedBy, overwrite, placeOf } from './opening.ts';
import { freshKey, wrapRoot } from './root-key.ts';
import { sealFaults } from './seal-faults.ts';
import type { SealKeeper } from './seal-keeper.ts';
import type { WantedSeal } from './seal-settings.ts';
import {
  authoriseReseal,
  deleteReseal,
  findReseal,
  insertReseal,
  lockSeal,
  tellReplicas,
  updateSeal,
} from './seal-store.ts';
import { SharesGiven } from './shares-given.ts';
import type { ResealRow, SealRow } from './tables.ts';

/** A reseal as it stands; `newShares` are there in one answer only. */
export interface ResealStep {
  readonly row: ResealRow;
  readonly progress: number;
  /** Shares of the present seal that are needed. */
  readonly threshold: number;
  readonly newShares: readonly Buffer[];
}

export interface ResealingParts {
  readonly now: Clock;
  readonly seal: OpenSeal;
  readonly keeper: SealKeeper;
  readonly barrier: KeyEncryptionKeys;
}

/** New shares, another kind of seal, a new root key. Each change of what is stored is one transaction, and there is no other place to keep in step. */
export class Resealing {
  readonly #parts: ResealingParts;
  readonly #given = new SharesGiven();
  #givenTo = '';

  constructor(parts: ResealingParts) {
    this.#parts = parts;
  }

  /** Begins a reseal. A present seal without holders of shares is authorised by who may begin it. */
  async begin(tx: Tx, wanted: WantedSeal, begunBy: string): Promise<ResealStep> {
    const present = await this.#locked(tx);
    const other = await findReseal(tx);
    if (other) throw sealFaults.resealInProgress(other.id);
    const { recipients, kind, threshold, shares } = wanted;
    const begun = { id: randomUUID(), begun_by: begunBy, kind, threshold, shares, recipients };
    const row = {
      ...begun,
      wrapped_root: null,
      wrapped_seal_key: null,
      held_key: null,
      create_time: this.#parts.now(),
    };
    await insertReseal(tx, row);
    if (present.kind === 'shamir') return { row, progress: 0, threshold: present.threshold, newShares: [] };
    return { row, progress: 0, threshold: 0, newShares: await this.#authorise(tx, present, row) };
  }

  /** Takes a share of the present seal; the last one needed makes the new shares. */
  async authorise(tx: Tx, id: string, share: Uint8Array): Promise<ResealStep> {
    const present = await this.#locked(tx);
    const row = await this.#found(tx, id);
    if (present.kind !== 'shamir') throw sealFaults.notByShares();
    if (this.#givenTo !== id) this.#given.forget();
    this.#givenTo = id;
    this.#given.give(share);
    const { progress } = this.#given;
    if (progress < present.threshold) return { row, progress, threshold: present.threshold, newShares: [] };
    const key = this.#given.take();
    const isOfSeal = openedBy(key, present) !== undefined;
    key.fill(0);
    if (!isOfSeal) throw sealFaults.sharesRefused();
    return { row, progress, threshold: present.threshold, newShares: await this.#authorise(tx, present, row) };
  }

  /** The new seal takes the place of the present one. */
  async finish(tx: Tx, id: string): Promise<void> {
    const present = await this.#locked(tx);
    const { kind, threshold, shares, held_key, wrapped_root, wrapped_seal_key } = await this.#found(tx, id);
    if (!wrapped_root || !wrapped_seal_key) throw sealFaults.resealUnauthorised();
    const generation = present.generation + 1;
    await updateSeal(tx, { kind, threshold, shares, held_key, generation, wrapped_root, wrapped_seal_key });
    await deleteReseal(tx);
    tx.afterCommit(() => void this.#tidy(present, kind));
  }

  /** Forgets a reseal: for who began it, or who may close the seal (CVE-2025-4656). */
  async cancel(tx: Tx, id: string, caller: Caller): Promise<void> {
    await this.#locked(tx);
    const row = await this.#found(tx, id);
    if (row.begun_by !== caller.id && !holds(caller, 'seal.close'))
      throw new Fault('permission_denied', 'only who began a reseal, or may close the seal, can cancel it', {
        code: 'reseal_of_another',
      });
    await deleteReseal(tx);
    await tellReplicas(tx);
    this.#given.forget();
    tx.afterCommit(() => void this.#parts.keeper.file?.forgetPrepared());
  }

  /** Makes a new root key and closes all key-encryption keys with it. Answers how many there are. */
  async rotateRootKey(tx: Tx): Promise<number> {
    const { seal, barrier, now } = this.#parts;
    const present = await this.#locked(tx);
    // Its wraps are of the present root key.
    const other = await findReseal(tx);
    if (other) throw sealFaults.resealInProgress(other.id);
    const next = { root: freshKey(), rootVersion: present.root_version + 1 };
    const place = { ...placeOf(present), rootVersion: next.rootVersion };
    const wraps = wrapRoot(next.root, seal.keys.sealKey, place);
    const count = await barrier.rewrapAll(tx, next);
    next.root.fill(0);
    await updateSeal(tx, { ...wraps, root_version: next.rootVersion, root_create_time: now() });
    return count;
  }

  async #locked(tx: Tx): Promise<SealRow> {
    const row = await lockSeal(tx, 'update');
    this.#parts.seal.take(row);
    void this.#parts.seal.keys;
    return row;
  }

  async #found(tx: Tx, id: string): Promise<ResealRow> {
    const row = await findReseal(tx);
    if (row?.id !== id) throw sealFaults.resealUnknown();
    return row;
  }

  async #authorise(tx: Tx, present: SealRow, row: ResealRow): Promise<readonly Buffer[]> {
    const { keeper, seal } = this.#parts;
    const { file } = keeper;
    // The next key is put beside the present one, which must be in place by then.
    if (file && present.kind === 'file') overwrite(await keeper.settled(file, present));
    const place = { ...placeOf(present), generation: present.generation + 1 };
    const made = await keeper.newSealKey(row, place, 'beside');
    await authoriseReseal(tx, { ...wrapRoot(seal.keys.root, made.key, place), held_key: made.held });
    made.key.fill(0);
    return made.shares;
  }

  async #tidy(before: SealRow, kind: SealRow['kind']): Promise<void> {
    const { file } = this.#parts.keeper;
    if (kind === 'file') await file?.adopt();
    else if (before.kind === 'file') await file?.remove();
  }
}

import { randomInt } from 'node:crypto';
import { SealKind, SealService } from '@gabion/contracts/gabion/kms/v1/seal_pb';
import type { Connection } from '@gabion/rpc/client';
import { as, type Lane } from './lane.ts';
import { softHsm } from './service-process.ts';

const settings = { kind: SealKind.SHAMIR, threshold: 2, shares: 3 };
const kinds = [SealKind.SHAMIR, SealKind.FILE, ...(softHsm ? [SealKind.PKCS11] : [])];

/** New root keys, new shares, and other kinds of seals. */
export class SealLane implements Lane {
  /** Sets of shares of which one opens the seal: a reseal that was cut short may have happened or not. */
  #shares: (readonly Uint8Array[])[] = [];
  /** Kinds of seals that were gone over to. */
  readonly #kinds = new Set<SealKind>();
  #rootVersion = 1;

  async initialise(connection: Connection): Promise<void> {
    const { shares } = await connection.client(SealService).initialize({ settings }, as);
    this.#shares.push(shares);
  }

  async open(connection: Connection): Promise<void> {
    const seal = connection.client(SealService);
    if (!(await seal.getSeal({}, as)).isSealed) return;
    for (const shares of [...this.#shares].reverse()) {
      await seal.resetUnseal({}, as);
      for (const share of shares.slice(0, 2)) {
        const { isSealed } = await seal.unseal({ share }, as).catch(() => ({ isSealed: true }));
        if (isSealed) continue;
        this.#shares = [shares];
        return;
      }
    }
    throw new Error('no set of shares that could be the present one opens the seal');
  }

  async work(connection: Connection): Promise<void> {
    if (randomInt(2) === 0) return this.#reseal(connection);
    const { rootKeyVersion } = await connection.client(SealService).rotateRootKey({}, as);
    this.#rootVersion = Math.max(this.#rootVersion, rootKeyVersion);
  }

  async lost(connection: Connection): Promise<string[]> {
    const { rootKeyVersion } = await connection.client(SealService).getSeal({}, as);
    return rootKeyVersion < this.#rootVersion ? [`root key version ${this.#rootVersion}`] : [];
  }

  get told(): string {
    const kinds = [...this.#kinds].map((kind) => SealKind[kind]).join(', ');
    return `root key version ${this.#rootVersion}; seals gone over to: ${kinds || 'none'}`;
  }

  async #reseal(connection: Connection): Promise<void> {
    const seal = connection.client(SealService);
    const kind = kinds[randomInt(kinds.length)] as SealKind;
    const wanted = kind === SealKind.SHAMIR ? settings : { kind };
    const begun = await seal.beginReseal({ settings: wanted }, as).catch(async (error: Error) => {
      const [, id] = /the reseal (\S+) is in progress/.exec(error.message) ?? [];
      if (id) await seal.cancelReseal({ id }, as);
      throw error;
    });
    let shares: readonly Uint8Array[] = begun.shares;
    const needed = begun.threshold === 0 ? [] : (this.#shares.at(-1) ?? []).slice(0, 2);
    for (const share of needed) {
      const answer = await seal.authorizeReseal({ id: begun.id, share }, as);
      if (answer.shares.length > 0) shares = answer.shares;
    }
    if (shares.length > 0) this.#shares.push(shares);
    await seal.finishReseal({ id: begun.id }, as);
    this.#kinds.add(kind);
  }
}

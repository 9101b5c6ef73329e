import { randomUUID } from 'node:crypto';
import { sealTo } from '@gabion/keys/hpke';
import { split } from '@gabion/shamir/shares';
import type { Logger } from '@gabion/telemetry/log';
import type { Clock } from '../area.ts';
import type { SealConfig } from '../config.ts';
import type { Database, Tx } from '../db/schema.ts';
import type { HeldPlace } from './key-holder.ts';
import { holderOf, type KeyHolders } from './key-holders.ts';
import type { OpenSeal } from './open-seal.ts';
import { openedBy } from './opening.ts';
import { freshKey, type OpenRoot, wrapRoot } from './root-key.ts';
import { sealFaults } from './seal-faults.ts';
import { SealFile } from './seal-file.ts';
import { SealProblem } from './seal-problem.ts';
import { sealWithoutShares, type WantedSeal } from './seal-settings.ts';
import { insertSeal, tellReplicas } from './seal-store.ts';
import { SharesGiven } from './shares-given.ts';
import type { SealRow } from './tables.ts';

export interface KeeperParts {
  readonly db: Database;
  readonly log: Logger;
  readonly now: Clock;
  readonly config: SealConfig;
  readonly holders: KeyHolders;
  readonly seal: OpenSeal;
  /** Whether replicas know each other by certificates. */
  readonly hasCertificate: boolean;
}

/** The key of a seal to be, and what is handed to its holders. */
export interface NewSealKey {
  readonly key: Buffer;
  /** As a token or another Gabion closed it. */
  readonly held: Buffer | null;
  readonly shares: readonly Buffer[];
}

/** Makes the seal, and opens and closes it. */
export class SealKeeper {
  readonly #parts: KeeperParts;
  readonly #given = new SharesGiven();
  #givenTo = 0;
  #problem = '';
  #isFinal = false;
  /** Closings that were there at the start: a seal that is closed after it stays so. */
  #closings: string | undefined;

  constructor(parts: KeeperParts) {
    this.#parts = parts;
  }

  /** What keeps a seal that opens by itself from opening; empty when nothing does. */
  get problem(): string {
    return this.#parts.seal.isOpen ? '' : this.#problem;
  }

  get progress(): number {
    return this.#parts.seal.row?.generation === this.#givenTo ? this.#given.progress : 0;
  }

  get holders(): KeyHolders {
    return this.#parts.holders;
  }

  /** The file of the configuration; undefined when there is none. */
  get file(): SealFile | undefined {
    const { config } = this.#parts;
    return config.path === undefined ? undefined : new SealFile(config.path);
  }

  /** Whether this replica, while it is sealed, is opened by one that is open. */
  get isOpenedByReplicas(): boolean {
    const { seal, hasCertificate } = this.#parts;
    return hasCertificate && (!seal.row || this.mayOpen(seal.row));
  }

  /** Whether the seal may open without shares given here: one that was closed since the start may not. */
  mayOpen(row: SealRow): boolean {
    return row.closings === this.#closings;
  }

  /**
   * Opens a seal that opens by itself, and makes one where the configuration says so. What is wrong is told by `problem`:
   * the service starts, and this is tried again.
   */
  async openByItself(): Promise<void> {
    const { config, seal, db, log } = this.#parts;
    this.#closings ??= seal.row?.closings ?? '0';
    if (seal.isOpen || this.#isFinal || (seal.row && !this.mayOpen(seal.row))) return;
    try {
      if (!seal.row && config.kind !== 'shamir' && config.initialise)
        await this.#initialiseByItself(db, sealWithoutShares(config.kind));
      if (seal.row && !seal.isOpen) await this.#openOf(seal.row);
      this.#problem = '';
    } catch (error) {
      if (!(error instanceof SealProblem)) throw error;
      if (error.message !== this.#problem) log.error({ problem: error.message }, 'the seal does not open by itself');
      this.#problem = error.message;
      this.#isFinal = error.isFinal;
    }
  }

  /** Makes root key and seal in the caller's transaction; answers the shares once. */
  async initialise(tx: Tx, wanted: WantedSeal): Promise<readonly Buffer[]> {
    const { now, seal } = this.#parts;
    const place = { installation: randomUUID(), generation: 1, rootVersion: 1 };
    const made = await this.newSealKey(wanted, place, 'place');
    const root = freshKey();
    const row = {
      installation: place.installation,
      generation: 1,
      kind: wanted.kind,
      threshold: wanted.threshold,
      shares: wanted.shares,
      held_key: made.held,
      root_version: 1,
      root_create_time: now(),
      ...wrapRoot(root, made.key, place),
    };
    if (!(await insertSeal(tx, row))) throw sealFaults.alreadyInitialised();
    await tellReplicas(tx);
    const held = { root, rootVersion: 1, sealKey: made.key, generation: 1 };
    tx.afterCommit(() => seal.open(held, { ...row, closings: '0' }));
    return made.shares;
  }

  /** Takes a share; opens this replica with the last one needed. */
  async unseal(share: Uint8Array): Promise<void> {
    const { seal } = this.#parts;
    await seal.confirm();
    // From here on nothing waits: two shares that come at once are taken one after the other.
    const { row } = seal;
    if (!row) throw sealFaults.notInitialised();
    if (row.kind !== 'shamir') throw sealFaults.notByShares();
    if (seal.isOpen) return;
    if (this.#givenTo !== row.generation) this.#given.forget();
    this.#givenTo = row.generation;
    this.#given.give(share);
    if (this.#given.progress < row.threshold) return;
    const key = this.#given.take();
    const held = openedBy(key, row);
    if (!held) {
      key.fill(0);
      throw sealFaults.sharesRefused();
    }
    seal.open(held, row);
  }

  forgetShares(): void {
    this.#given.forget();
  }

  /** A key for a seal: shared out to its holders, closed by its holder, or written to its file, in place or beside the present one. */
  async newSealKey(wanted: WantedSeal, place: HeldPlace, where: 'place' | 'beside'): Promise<NewSealKey> {
    if (wanted.kind === 'file') return { key: await this.#fileKey(where), held: null, shares: [] };
    const key = freshKey();
    if (wanted.kind !== 'shamir') {
      const held = await holderOf(wanted.kind, this.#parts.holders).close(key, place);
      return { key, held, shares: [] };
    }
    const plain = split(key, wanted);
    if (wanted.recipients.length === 0) return { key, held: null, shares: plain };
    const context = (at: number) => ({
      info: 'gabion seal share v1',
      aad: `generation ${place.generation}, share ${at + 1}`,
    });
    const shares = await Promise.all(
      plain.map((share, at) => sealTo(wanted.recipients[at] as Buffer, share, context(at))),
    );
    for (const share of plain) share.fill(0);
    return { key, held: null, shares };
  }

  async #fileKey(where: 'place' | 'beside'): Promise<Buffer> {
    const { file } = this;
    if (!file)
      throw sealFaults.settingsInvalid(
        'settings.kind',
        'this service is not configured with a file (GABION_SEAL_FILE)',
      );
    if (where === 'place') return file.keptOrMade(freshKey);
    const key = freshKey();
    await file.prepare(key);
    return key;
  }

  async #initialiseByItself(db: Database, wanted: WantedSeal): Promise<void> {
    try {
      await db.transaction((tx) => this.initialise(tx, wanted));
    } catch (error) {
      // Another replica was first.
      if ((error as { code?: string }).code !== sealFaults.alreadyInitialised().code) throw error;
      await this.#parts.seal.confirm();
    }
  }

  async #openOf(row: SealRow): Promise<void> {
    if (row.kind === 'shamir') return;
    if (row.kind === 'file') return this.#openByFile(row);
    const key = await holderOf(row.kind, this.#parts.holders).open(row.held_key ?? Buffer.alloc(0), row);
    const held = openedBy(key, row);
    if (!held) throw new SealProblem('what the holder of the seal opened is the key of another seal');
    this.#parts.seal.open(held, row);
  }

  async #openByFile(row: SealRow): Promise<void> {
    const { file } = this;
    if (!file) throw new SealProblem('the seal is a file, and no file is configured (GABION_SEAL_FILE)');
    const held = await this.settled(file, row);
    if (held) return this.#parts.seal.open(held, row);
    const isThere = (await file.candidates()).length > 0;
    throw new SealProblem(isThere ? `the file ${file.path} is of another seal` : `the file ${file.path} is missing`);
  }

  /** What the file opens, put in place if a crash or a full disk left it beside. */
  async settled(file: SealFile, row: SealRow): Promise<OpenRoot | undefined> {
    for (const key of await file.candidates()) {
      const held = openedBy(key, row);
      if (!held) continue;
      if (!(await file.inPlace())?.equals(key)) await file.adopt();
      return held;
    }
    return undefined;
  }
}

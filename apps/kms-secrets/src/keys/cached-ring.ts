import { KeyState } from '@gabion/contracts/gabion/kms/v1/keys_pb';
import type { Database } from '../db/schema.ts';
import { overwriteSoon } from '../overwriting.ts';
import type { Barrier } from '../seal/barrier.ts';
import { keyFaults } from './key-faults.ts';
import type { KeyRecord, KeyRing, VersionMaterial, VersionUse } from './key-ring.ts';
import { findKey, keyChannel } from './key-store.ts';
import type { VersionMaterials } from './version-materials.ts';

/** How long a key is used as it was read, in ms: what another replica did is seen by then even when its notice got lost. */
const freshForMs = 1000;
/** Keys, and versions with material, that are held at a time. */
const most = { keys: 10_000, versions: 10_000 };

interface Read {
  readonly record: KeyRecord;
  readonly at: number;
}

/** Keys read through a short-lived cache; material stays as long as its key is usable and the seal open. */
export class CachedRing implements KeyRing, AsyncDisposable {
  readonly #db: Database;
  readonly #barrier: Barrier;
  readonly #materials: VersionMaterials;
  readonly #records = new Map<string, Read>();
  readonly #versions = new Map<string, VersionMaterial>();
  #drops = 0;
  #listening: AsyncDisposable | undefined;
  #forgetting: Disposable | undefined;

  private constructor(db: Database, barrier: Barrier, materials: VersionMaterials) {
    this.#db = db;
    this.#barrier = barrier;
    this.#materials = materials;
  }

  static async open(db: Database, barrier: Barrier, materials: VersionMaterials): Promise<CachedRing> {
    const ring = new CachedRing(db, barrier, materials);
    ring.#listening = await db.listen(keyChannel, (id) => (id ? ring.forget(id) : ring.#dropAll()));
    ring.#forgetting = barrier.onClose(() => ring.#dropAll());
    return ring;
  }

  async get(key: string): Promise<KeyRecord> {
    this.#barrier.assertOpen();
    const known = this.#records.get(key);
    if (known && performance.now() - known.at < freshForMs) return known.record;
    const at = performance.now();
    const drops = this.#drops;
    const record = await findKey(this.#db.kysely, key);
    if (!record) {
      this.#records.delete(key);
      throw keyFaults.unknown();
    }
    if (this.#records.size >= most.keys) this.#records.clear();
    // What changed while it was read may have been read before.
    if (drops === this.#drops) this.#records.set(key, { record, at });
    if (record.state !== KeyState.ENABLED) this.#dropMaterial(record.id);
    return record;
  }

  async version(key: KeyRecord, asked: number, use: VersionUse): Promise<VersionMaterial> {
    this.#barrier.assertOpen();
    assertUsable(key);
    const version = asked || key.primaryVersion;
    if (!key.versions.some((each) => each.version === version)) throw keyFaults.versionUnknown();
    const minimum = key.settings.minVersion;
    if (version < minimum && (use === 'open' || asked)) throw keyFaults.belowMinimum(minimum);
    const name = `${key.id}/${version}`;
    return this.#versions.get(name) ?? this.#read(name, key, version);
  }

  /** Forgets how a key was: it changed. */
  forget(id: string): void {
    this.#drops++;
    for (const [name, { record }] of this.#records) if (record.id === id) this.#records.delete(name);
    // An alias may have moved away from a key that is known by it.
    for (const [name, { record }] of this.#records)
      if (name !== record.id && name !== record.name) this.#records.delete(name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#forgetting?.[Symbol.dispose]();
    await this.#listening?.[Symbol.asyncDispose]();
    this.#dropAll();
  }

  async #read(name: string, key: KeyRecord, version: number): Promise<VersionMaterial> {
    const material = await this.#materials.read(this.#db.kysely, { ...key, version });
    const known = this.#versions.get(name);
    if (known) {
      material.fill(0);
      return known;
    }
    const read = { version, material };
    if (this.#versions.size >= most.versions) this.#dropAll();
    // Closed meanwhile, nothing would overwrite it.
    if (this.#barrier.isOpen) this.#versions.set(name, read);
    return read;
  }

  #dropMaterial(id: string): void {
    for (const [name, { material }] of this.#versions) {
      if (!name.startsWith(`${id}/`)) continue;
      overwriteSoon(material);
      this.#versions.delete(name);
    }
  }

  #dropAll(): void {
    this.#drops++;
    this.#records.clear();
    overwriteSoon(...[...this.#versions.values()].map(({ material }) => material));
    this.#versions.clear();
  }
}

function assertUsable({ state }: KeyRecord): void {
  if (state === KeyState.DISABLED) throw keyFaults.disabled();
  if (state === KeyState.PENDING_DELETION) throw keyFaults.pendingDeletion();
  if (state !== KeyState.ENABLED) throw keyFaults.destroyed();
}

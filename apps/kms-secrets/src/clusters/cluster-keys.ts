import { derive } from '@gabion/keys/derivation';
import { sql } from 'kysely';
import type { Clock } from '../area.ts';
import type { Database, Tx } from '../db/schema.ts';
import type { KeyRecord, KeyRing, VersionMaterial } from '../keys/key-ring.ts';
import { registerUser, releaseUser } from '../keys/key-users.ts';
import { clusterOf, keyNamesOf, lockCluster, tellClusterChanged } from './cluster-store.ts';
import type { ClusterKeyNameRow, ClusterRow } from './tables.ts';

/** How long a new key is told to plugins before one encrypts with it, so that all of them can decrypt by then. */
export const announceMs = 5000;
/** Keys that a plugin is told: the newest ones. */
const mostKeys = 1000;

/** The keys of a cluster as its plugins are to have them. */
export interface ClusterKeySet {
  readonly cluster: ClusterRow;
  /** That to encrypt with. */
  readonly primary: ClusterKeyNameRow;
  /** Newest first. */
  readonly names: readonly ClusterKeyNameRow[];
  /** That which is, or will be, the primary one. */
  readonly newest: ClusterKeyNameRow;
  /** When the newest becomes the primary one; undefined when it is. */
  readonly nextChange: Date | undefined;
}

/** Which key_id of KMS v2 stands for which version of which key, and what is derived for it. */
export class ClusterKeys {
  readonly #db: Database;
  readonly #ring: KeyRing;
  readonly #now: Clock;

  constructor(db: Database, ring: KeyRing, now: Clock) {
    this.#db = db;
    this.#ring = ring;
    this.#now = now;
  }

  /** The set as it is now; gives the key's present version a name when it has none. Throws what keeps the key from use. */
  async set(name: string): Promise<ClusterKeySet> {
    return this.setOf(await clusterOf(this.#db.kysely, name));
  }

  /** As `set`, of a cluster that was read just now. */
  async setOf(cluster: ClusterRow): Promise<ClusterKeySet> {
    const { cluster: name } = cluster;
    const key = await this.#ring.get(cluster.key_id);
    await this.#ring.version(key, 0, 'apply');
    let names = await keyNamesOf(this.#db.kysely, name);
    if (!isNamed(names, key)) names = await this.#db.transaction((tx) => this.name(tx, name, key));
    const from = this.#now().getTime() - announceMs;
    const [newest] = names as [ClusterKeyNameRow];
    const primary =
      names.find(({ create_time: time }) => time.getTime() <= from) ?? (names.at(-1) as ClusterKeyNameRow);
    const nextChange = primary === newest ? undefined : new Date(newest.create_time.getTime() + announceMs);
    return { cluster, primary, newest, names: names.slice(0, mostKeys), nextChange };
  }

  /** Gives the key's present version the next name, unless the newest name is its already; a name is never given again. */
  async name(tx: Tx, cluster: string, key: KeyRecord): Promise<ClusterKeyNameRow[]> {
    await lockCluster(tx, cluster);
    const names = await keyNamesOf(tx, cluster);
    if (isNamed(names, key)) return names;
    const number = (names[0]?.number ?? 0) + 1;
    const row = {
      cluster,
      number,
      kms_key_id: `gabion:${cluster}:${number}:${key.id}:${key.primaryVersion}`,
      key_id: key.id,
      version: key.primaryVersion,
      create_time: this.#now(),
    };
    await tx.insertInto('cluster_key_names').values(row).execute();
    const all = [row, ...names];
    await dependOn(tx, cluster, all);
    await tellClusterChanged(tx, cluster);
    return all;
  }

  /** What the key of a name is derived from; undefined when that version may not be used any more. */
  async usable({ key_id, version }: ClusterKeyNameRow): Promise<VersionMaterial | undefined> {
    const key = await this.#ring.get(key_id);
    return this.#ring.version(key, version, 'open').catch((error: { kind?: string }) => {
      if (error.kind === 'failed_precondition' || error.kind === 'not_found') return undefined;
      throw error;
    });
  }
}

/** The 32 bytes of a name; the caller overwrites them. */
export function derivedKey({ material }: VersionMaterial, { kms_key_id }: ClusterKeyNameRow): Buffer {
  const info = Buffer.from(`gabion kms v2 key\n${kms_key_id}`);
  return derive('sha256', material, { salt: Buffer.alloc(0), info, lengthBytes: 32 });
}

/** Has the cluster depend on the versions behind these names, and on no others. */
export async function dependOn(tx: Tx, cluster: string, names: readonly ClusterKeyNameRow[]): Promise<void> {
  const user = { kind: 'cluster', name: cluster };
  const used = await tx
    .selectFrom('key_users')
    .select('key_id')
    .where('kind', '=', user.kind)
    .where('name', '=', cluster)
    .execute();
  const versions = Map.groupBy(names, ({ key_id }) => key_id);
  for (const { key_id } of used) if (!versions.has(key_id)) await releaseUser(tx, key_id, user);
  // In one order, so that two who do so do not wait for each other.
  for (const [id, rows] of [...versions].sort(([a], [b]) => (a < b ? -1 : 1)))
    await registerUser(tx, id, { ...user, versions: [...new Set(rows.map(({ version }) => version))] });
}

/** Notes that the cluster's keys were used. */
export async function noteClusterUse(tx: Tx, cluster: string, time: Date): Promise<void> {
  await sql`
    update key_users set last_use_time = greatest(last_use_time, ${time})
    where kind = 'cluster' and name = ${cluster}`.execute(tx);
}

function isNamed([newest]: readonly ClusterKeyNameRow[], key: KeyRecord): boolean {
  return newest !== undefined && newest.key_id === key.id && newest.version === key.primaryVersion;
}

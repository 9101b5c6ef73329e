import { randomUUID } from 'node:crypto';
import { open, seal } from '@gabion/keys/aead';
import { readEnvelope } from '@gabion/keys/envelope';
import { KeyError } from '@gabion/keys/key-error';
import { Fault } from '@gabion/rpc/fault';
import type { Kysely } from 'kysely';
import type { Clock } from '../area.ts';
import type { Database, Schema, Tx } from '../db/schema.ts';
import { overwriteSoon } from '../overwriting.ts';
import type { Barrier, Space, WrapContext } from './barrier.ts';
import type { OpenSeal } from './open-seal.ts';
import { freshKey, type OpenRoot } from './root-key.ts';
import { sealFaults } from './seal-faults.ts';
import { lockSeal } from './seal-store.ts';
import type { KeyEncryptionKeyRow } from './tables.ts';

interface KeyEncryptionKey {
  readonly id: string;
  readonly space: string;
  readonly key: Buffer;
}

/** The barrier: a key-encryption key per tenant and purpose, each closed with the root key. */
export class KeyEncryptionKeys implements Barrier {
  readonly #seal: OpenSeal;
  readonly #now: Clock;
  readonly #byId = new Map<string, KeyEncryptionKey>();
  readonly #bySpace = new Map<string, KeyEncryptionKey>();

  constructor(openSeal: OpenSeal, now: Clock) {
    this.#seal = openSeal;
    this.#now = now;
    openSeal.onClose(() => this.#forget());
  }

  get isOpen(): boolean {
    return this.#seal.isOpen;
  }

  assertOpen(): void {
    void this.#seal.keys;
  }

  onClose(forget: () => void): Disposable {
    return this.#seal.onClose(forget);
  }

  async wrap(tx: Tx, space: Space, plaintext: Uint8Array, context: WrapContext): Promise<Buffer> {
    const { id, key } = await this.#ofSpace(tx, space);
    return seal(key, useOf(id), plaintext, contextOf(space, context));
  }

  async unwrap(db: Database | Tx, space: Space, wrapped: Uint8Array, context: WrapContext): Promise<Uint8Array> {
    this.assertOpen();
    const id = idIn(wrapped);
    const known = this.#byId.get(id) ?? (await this.#stored(queriesOf(db), id));
    if (known?.space !== nameOf(space)) throw refused();
    try {
      return open(known.key, useOf(id), wrapped, contextOf(space, context));
    } catch (error) {
      throw error instanceof KeyError ? refused() : error;
    }
  }

  /** Closes every key-encryption key with the next root key, in the transaction that makes it the root key. */
  async rewrapAll(tx: Tx, next: Pick<OpenRoot, 'root' | 'rootVersion'>): Promise<number> {
    const rows = await tx.selectFrom('key_encryption_keys').selectAll().forUpdate().execute();
    for (const row of rows) {
      const key = openRow(row, this.#seal.keys);
      const wrapped = closeRow(row, key, next);
      key.fill(0);
      const changes = { wrapped, root_version: next.rootVersion };
      await tx.updateTable('key_encryption_keys').set(changes).where('id', '=', row.id).execute();
    }
    return rows.length;
  }

  async #ofSpace(tx: Tx, space: Space): Promise<KeyEncryptionKey> {
    this.assertOpen();
    const known = this.#bySpace.get(nameOf(space));
    if (known) return known;
    // Held until the end of the transaction: a root key that is made meanwhile waits, and wraps this one too.
    const row = await lockSeal(tx, 'share');
    this.#seal.take(row);
    const kept = (await this.#find(tx, space)) ?? (await this.#make(tx, space));
    const opened = { id: kept.id, space: nameOf(space), key: openRow(kept, this.#seal.keys) };
    // A key-encryption key of a transaction that rolls back was never there.
    tx.afterCommit(() => this.#keep(opened));
    return opened;
  }

  async #find(tx: Tx, { tenant, purpose }: Space): Promise<KeyEncryptionKeyRow | undefined> {
    return tx
      .selectFrom('key_encryption_keys')
      .selectAll()
      .where('tenant', '=', tenant)
      .where('purpose', '=', purpose)
      .executeTakeFirst();
  }

  async #make(tx: Tx, space: Space): Promise<KeyEncryptionKeyRow> {
    const place = { id: randomUUID(), tenant: space.tenant, purpose: space.purpose };
    const key = freshKey();
    const { keys } = this.#seal;
    const { rootVersion } = keys;
    const wrapped = closeRow(place, key, keys);
    key.fill(0);
    await tx
      .insertInto('key_encryption_keys')
      .values({ ...place, root_version: rootVersion, wrapped, create_time: this.#now() })
      .onConflict((conflict) => conflict.columns(['tenant', 'purpose']).doNothing())
      .execute();
    const row = await this.#find(tx, space);
    if (!row) throw new Error('a key-encryption key was neither there nor made');
    return row;
  }

  async #stored(db: Kysely<Schema>, id: string): Promise<KeyEncryptionKey | undefined> {
    const row = await db.selectFrom('key_encryption_keys').selectAll().where('id', '=', id).executeTakeFirst();
    if (!row) return undefined;
    // An answer that was under way may be older than the row: the second question is not.
    for (let asked = 0; asked < 2 && row.root_version !== this.#seal.keys.rootVersion; asked++)
      await this.#seal.confirm();
    if (row.root_version !== this.#seal.keys.rootVersion) throw sealFaults.unconfirmed();
    const opened = { id, space: `${row.purpose}/${row.tenant}`, key: openRow(row, this.#seal.keys) };
    this.#keep(opened);
    return opened;
  }

  #keep(opened: KeyEncryptionKey): void {
    if (!this.#seal.isOpen) return;
    this.#byId.set(opened.id, opened);
    this.#bySpace.set(opened.space, opened);
  }

  #forget(): void {
    overwriteSoon(...[...this.#byId.values()].map(({ key }) => key));
    this.#byId.clear();
    this.#bySpace.clear();
  }
}

type RowPlace = Pick<KeyEncryptionKeyRow, 'id' | 'tenant' | 'purpose'>;

function closeRow(place: RowPlace, key: Buffer, { root, rootVersion }: Pick<OpenRoot, 'root' | 'rootVersion'>): Buffer {
  return seal(root, { algorithm: 'aes-256-gcm', id: place.id, version: rootVersion }, key, rowContext(place));
}

function openRow(row: KeyEncryptionKeyRow, { root }: OpenRoot): Buffer {
  const use = { algorithm: 'aes-256-gcm', id: row.id, version: row.root_version } as const;
  return Buffer.from(open(root, use, row.wrapped, rowContext(row)));
}

function rowContext({ tenant, purpose }: RowPlace): Map<string, string> {
  return new Map([
    ['wraps', 'key-encryption key'],
    ['tenant', tenant],
    ['purpose', purpose],
  ]);
}

function useOf(id: string) {
  return { algorithm: 'aes-256-gcm', id, version: 1 } as const;
}

function nameOf({ tenant, purpose }: Space): string {
  return `${purpose}/${tenant}`;
}

function contextOf(space: Space, context: WrapContext): Map<string, string> {
  // Last, so that no caller's context can speak for another space.
  return new Map([...Object.entries(context), ['space', nameOf(space)]]);
}

function idIn(wrapped: Uint8Array): string {
  try {
    return readEnvelope(wrapped).id;
  } catch {
    throw refused();
  }
}

function queriesOf(db: Database | Tx): Kysely<Schema> {
  return 'kysely' in db ? db.kysely : db;
}

function refused(): Fault {
  return new Fault('data_loss', 'what is stored does not open with the key of its place', { code: 'wrapped_refused' });
}

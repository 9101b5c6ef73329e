import { sql } from 'kysely';
import type { Database, TokenRow, Tx } from './db/schema.ts';
import type { SubjectKind } from './subjects.ts';

/** A token with who owns it. */
export interface OwnedToken extends TokenRow {
  readonly owner_kind: SubjectKind;
  readonly owner_name: string;
}

/** What a shown token leads to: itself, and its owner as of this moment. */
export interface Shown extends OwnedToken {
  readonly disabled: boolean;
  readonly delete_time: Date | null;
  readonly roles: string[];
}

/** Which tokens to list, newest first. */
export interface TokenQuery {
  readonly ownerId: string | undefined;
  readonly includeRevoked: boolean;
  /** Where the page before ended. */
  readonly after: { readonly time: Date; readonly id: string } | undefined;
  readonly limit: number;
}

/** The store of tokens. */
export class Tokens {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async create(
    tx: Tx,
    token: Pick<TokenRow, 'owner_id' | 'name' | 'prefix' | 'hash' | 'create_time' | 'expire_time'>,
  ): Promise<TokenRow> {
    return await tx.insertInto('tokens').values(token).returningAll().executeTakeFirstOrThrow();
  }

  /** By the indexed prefix, with the owner and its roles, in one query. */
  async byPrefix(prefix: string): Promise<Shown | undefined> {
    return await this.#db.kysely
      .selectFrom('tokens')
      .innerJoin('subjects', 'subjects.id', 'tokens.owner_id')
      .selectAll('tokens')
      .select(['subjects.kind as owner_kind', 'subjects.name as owner_name', 'disabled', 'delete_time'])
      .select(sql<string[]>`array(select role from grants where subject_id = subjects.id)`.as('roles'))
      .where('prefix', '=', prefix)
      .executeTakeFirst();
  }

  /** Undefined when there is none. The row is locked until the end of the transaction. */
  async find(tx: Tx, id: string): Promise<OwnedToken | undefined> {
    return await tx
      .selectFrom('tokens')
      .innerJoin('subjects', 'subjects.id', 'tokens.owner_id')
      .selectAll('tokens')
      .select(['subjects.kind as owner_kind', 'subjects.name as owner_name'])
      .where('tokens.id', '=', id)
      .forUpdate('tokens')
      .executeTakeFirst();
  }

  async page({ ownerId, includeRevoked, after, limit }: TokenQuery): Promise<OwnedToken[]> {
    return await this.#db.kysely
      .selectFrom('tokens')
      .innerJoin('subjects', 'subjects.id', 'tokens.owner_id')
      .selectAll('tokens')
      .select(['subjects.kind as owner_kind', 'subjects.name as owner_name'])
      .$if(ownerId !== undefined, (query) => query.where('owner_id', '=', ownerId as string))
      .$if(!includeRevoked, (query) => query.where('revoke_time', 'is', null))
      .$if(after !== undefined, (query) =>
        query.where(sql<boolean>`(tokens.create_time, tokens.id) < (${after?.time}::timestamptz, ${after?.id}::uuid)`),
      )
      .orderBy('tokens.create_time', 'desc')
      .orderBy('tokens.id', 'desc')
      .limit(limit)
      .execute();
  }

  async revoke(tx: Tx, id: string, now: Date): Promise<void> {
    await tx
      .updateTable('tokens')
      .set({ revoke_time: now })
      .where('id', '=', id)
      .where('revoke_time', 'is', null)
      .execute();
  }

  async revokeAllOf(tx: Tx, ownerId: string, now: Date): Promise<void> {
    await tx
      .updateTable('tokens')
      .set({ revoke_time: now })
      .where('owner_id', '=', ownerId)
      .where('revoke_time', 'is', null)
      .execute();
  }

  /** Gives a token another secret, as long as it was never used and is in force; answers whether it did. */
  async replaceSecret(tx: Tx, id: string, hash: Buffer): Promise<boolean> {
    const { numUpdatedRows } = await tx
      .updateTable('tokens')
      .set({ hash })
      .where('id', '=', id)
      .where('last_use_time', 'is', null)
      .where('revoke_time', 'is', null)
      .executeTakeFirst();
    return numUpdatedRows === 1n;
  }

  /** Notes a use unless one within the last minute is noted: a busy token must not become a row written a thousand times a second. */
  async noteUse(id: string, now: Date): Promise<void> {
    const minuteAgo = new Date(now.getTime() - 60_000);
    await this.#db.kysely
      .updateTable('tokens')
      .set({ last_use_time: now })
      .where('id', '=', id)
      .where((where) => where.or([where('last_use_time', 'is', null), where('last_use_time', '<', minuteAgo)]))
      .execute();
  }
}

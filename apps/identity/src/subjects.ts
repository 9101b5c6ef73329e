import { isUniqueViolation } from '@gabion/postgres/sql-state';
import { Fault } from '@gabion/rpc/fault';
import type { Kysely } from 'kysely';
import { sql } from 'kysely';
import type { Database, Schema, SubjectRow, Tx } from './db/schema.ts';
import { administrator } from './role.ts';

export type SubjectKind = SubjectRow['kind'];

/** A person or program with the names of its roles. */
export interface Subject extends SubjectRow {
  readonly roles: readonly string[];
}

/** The store of people, programs and their roles. */
export class Subjects {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async create(
    tx: Tx,
    subject: {
      kind: SubjectKind;
      name: string;
      email?: string;
      description?: string;
      roles: readonly string[];
      now: Date;
    },
  ): Promise<Subject> {
    const { roles, now, ...columns } = subject;
    const row = await tx
      .insertInto('subjects')
      .values({ ...columns, create_time: now, delete_time: null })
      .returningAll()
      .executeTakeFirstOrThrow()
      .catch((error: unknown) => {
        if (isUniqueViolation(error, 'subjects_name'))
          throw new Fault('already_exists', `the name ${subject.name} is taken`, { code: 'name_taken' });
        throw error;
      });
    await this.setRoles(tx, row.id, roles);
    return { ...row, roles };
  }

  /** Undefined when there is none, or it was deleted. In a transaction its row is locked until the end. */
  async find(id: string, tx?: Tx): Promise<Subject | undefined> {
    const query = withRoles(tx ?? this.#db.kysely)
      .where('subjects.id', '=', id)
      .where('delete_time', 'is', null);
    return await (tx ? query.forUpdate('subjects') : query).executeTakeFirst();
  }

  /** Those of a kind by name, after `after`. */
  async page(kind: SubjectKind, after: string, limit: number): Promise<Subject[]> {
    return await withRoles(this.#db.kysely)
      .where('kind', '=', kind)
      .where('delete_time', 'is', null)
      .where('name', '>', after)
      .orderBy('name')
      .limit(limit)
      .execute();
  }

  async setRoles(tx: Tx, id: string, roles: readonly string[]): Promise<void> {
    await tx.deleteFrom('grants').where('subject_id', '=', id).execute();
    if (roles.length === 0) return;
    await tx
      .insertInto('grants')
      .values(roles.map((role) => ({ subject_id: id, role })))
      .execute();
  }

  async setDisabled(tx: Tx, id: string, disabled: boolean): Promise<void> {
    await tx.updateTable('subjects').set({ disabled }).where('id', '=', id).execute();
  }

  /** Leaves a row without roles. Answers whether it was there; undefined when there never was one. */
  async delete(tx: Tx, id: string, kind: SubjectKind, now: Date): Promise<'deleted' | 'was_deleted' | undefined> {
    const row = await tx
      .selectFrom('subjects')
      .select('delete_time')
      .where('id', '=', id)
      .where('kind', '=', kind)
      .forUpdate()
      .executeTakeFirst();
    if (!row) return undefined;
    if (row.delete_time) return 'was_deleted';
    await this.setRoles(tx, id, []);
    await tx.updateTable('subjects').set({ delete_time: now }).where('id', '=', id).execute();
    return 'deleted';
  }

  /** Held by everything that makes or unmakes an administrator, so that two such changes do not both see another one left. */
  async lockAdministrators(tx: Tx): Promise<void> {
    await sql`select pg_advisory_xact_lock(hashtextextended('gabion_identity.administrators', 0))`.execute(tx);
  }

  /** Whether a person other than `id` can administer the platform. */
  async hasAdministratorBeside(tx: Tx, id: string | undefined): Promise<boolean> {
    const found = await tx
      .selectFrom('subjects')
      .innerJoin('grants', 'grants.subject_id', 'subjects.id')
      .select('subjects.id')
      .where('grants.role', '=', administrator)
      .where('subjects.kind', '=', 'user')
      .where('subjects.disabled', '=', false)
      .where('subjects.delete_time', 'is', null)
      .$if(id !== undefined, (query) => query.where('subjects.id', '!=', id as string))
      .limit(1)
      .executeTakeFirst();
    return found !== undefined;
  }
}

function withRoles(from: Kysely<Schema>) {
  return from
    .selectFrom('subjects')
    .selectAll('subjects')
    .select(sql<string[]>`array(select role from grants where subject_id = subjects.id order by role)`.as('roles'));
}

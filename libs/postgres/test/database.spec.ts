import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { type Database, openDatabase } from '../src/database.ts';
import { PostgresError } from '../src/postgres-error.ts';
import type { PostgresServer } from '../src/server.ts';
import { isUniqueViolation } from '../src/sql-state.ts';
import { ownServer } from './own-server.ts';

interface Schema {
  stones: { id: number; weight: number };
}

let server: PostgresServer;
let db: Database<Schema>;

beforeAll(async () => {
  server = await ownServer();
  db = openDatabase<Schema>(server.adminUrl, { applicationName: 'wall' });
});
afterAll(async () => {
  await db[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});
beforeEach(async () => {
  await sql`drop table if exists stones; create table stones (id int primary key, weight int not null)`.execute(
    db.kysely,
  );
});

const weights = async () =>
  (await db.kysely.selectFrom('stones').selectAll().orderBy('id').execute()).map((s) => s.weight);
const insert = (id: number) => sql`insert into stones values (${id}, 1)`;

describe('transaction', () => {
  it('commits, and runs what waits for the commit in order after it', async () => {
    const seen: unknown[] = [];
    const answer = await db.transaction(async (tx) => {
      tx.afterCommit(() => seen.push('first'));
      await tx.insertInto('stones').values({ id: 1, weight: 7 }).execute();
      tx.afterCommit(() => seen.push('second'));
      expect(seen).toEqual([]);
      return 'done';
    });
    expect(answer).toBe('done');
    expect(seen).toEqual(['first', 'second']);
    expect(await weights()).toEqual([7]);
  });

  it('rolls back when the work throws, with the error itself and nothing run', async () => {
    const seen: string[] = [];
    const failure = new Error('no');
    const work = db.transaction(async (tx) => {
      tx.afterCommit(() => seen.push('ran'));
      await insert(1).execute(tx);
      throw failure;
    });
    await expect(work).rejects.toBe(failure);
    expect(await weights()).toEqual([]);
    expect(seen).toEqual([]);
  });

  it('does not pass for committed when a statement error was swallowed', async () => {
    const seen: string[] = [];
    const work = db.transaction(async (tx) => {
      tx.afterCommit(() => seen.push('ran'));
      await insert(1).execute(tx);
      await sql`select 1/0`.execute(tx).catch(() => {});
    });
    await expect(work).rejects.toThrow('rolled back');
    expect(seen).toEqual([]);
    expect(await weights()).toEqual([]);
  });

  it('repeats the whole work after a serialization failure', async () => {
    await sql`insert into stones values (1, 0)`.execute(db.kysely);
    let attempts = 0;
    const addOne = () =>
      db.transaction(
        async (tx) => {
          attempts++;
          const { weight } = await tx
            .selectFrom('stones')
            .select('weight')
            .where('id', '=', 1)
            .executeTakeFirstOrThrow();
          await tx
            .updateTable('stones')
            .set({ weight: weight + 1 })
            .where('id', '=', 1)
            .execute();
        },
        { isolation: 'serializable', retries: 20 },
      );
    await Promise.all([addOne(), addOne(), addOne(), addOne()]);
    expect(await weights()).toEqual([4]);
    expect(attempts).toBeGreaterThan(4);
  });

  it('names a deadlock as a conflict when no retry was asked for', async () => {
    await sql`insert into stones values (1, 0), (2, 0)`.execute(db.kysely);
    const [hasOne, hasTwo] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const crossing = (
      first: number,
      second: number,
      mine: PromiseWithResolvers<void>,
      theirs: PromiseWithResolvers<void>,
    ) =>
      db.transaction(async (tx) => {
        await sql`update stones set weight = 1 where id = ${first}`.execute(tx);
        mine.resolve();
        await theirs.promise;
        await sql`update stones set weight = 1 where id = ${second}`.execute(tx);
      });
    const outcomes = await Promise.allSettled([crossing(1, 2, hasOne, hasTwo), crossing(2, 1, hasTwo, hasOne)]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'conflict' } });
  });
});

describe('errors', () => {
  it('leave a violated constraint as it is', async () => {
    await insert(1).execute(db.kysely);
    const error = await insert(1)
      .execute(db.kysely)
      .catch((reason: unknown) => reason);
    expect(isUniqueViolation(error)).toBe(true);
    expect(isUniqueViolation(error, 'stones_pkey')).toBe(true);
    expect(isUniqueViolation(error, 'other')).toBe(false);
  });

  it('name a statement that took too long', async () => {
    await using hasty = openDatabase(server.adminUrl, { statementTimeoutMs: 50 });
    await expect(sql`select pg_sleep(5)`.execute(hasty.kysely)).rejects.toMatchObject({ code: 'statement_timeout' });
  });

  it('name a server that is not there', async () => {
    await using nowhere = openDatabase('postgresql://a:b@localhost/c?host=/nowhere');
    await expect(sql`select 1`.execute(nowhere.kysely)).rejects.toMatchObject({ code: 'unavailable' });
    await expect(nowhere.listen('x', () => {})).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('name a pool that stays empty', async () => {
    await using small = openDatabase(server.adminUrl, { maxConnections: 1, connectTimeoutMs: 100 });
    await small.transaction(async () => {
      const second = sql`select 1`.execute(small.kysely);
      await expect(second).rejects.toMatchObject({ code: 'pool_exhausted' });
    });
  });

  it('name a connection that was lost, and the next query has another', async () => {
    await using own = openDatabase(server.adminUrl, { applicationName: 'to-lose' });
    const work = own.transaction(async (tx) => {
      await sql`select 1`.execute(tx);
      await terminate('to-lose');
      await sql`select 1`.execute(tx);
    });
    await expect(work).rejects.toMatchObject({ name: 'PostgresError', code: 'connection_lost' });
    expect((await sql`select 1 as one`.execute(own.kysely)).rows).toEqual([{ one: 1 }]);
  });

  it('say that the outcome of a commit is unknown when its answer does not come', async () => {
    await sql`
      create or replace function end_self() returns trigger language plpgsql as
        'begin perform pg_terminate_backend(pg_backend_pid()); perform pg_sleep(1); return null; end';
      create constraint trigger at_commit after insert on stones deferrable initially deferred
        for each row execute function end_self()`.execute(db.kysely);
    await using own = openDatabase(server.adminUrl);
    const work = own.transaction((tx) => insert(1).execute(tx));
    await expect(work).rejects.toMatchObject({ code: 'commit_unknown' });
  });

  it('are of the work, not of the rollback that fails after it', async () => {
    await using own = openDatabase(server.adminUrl, { applicationName: 'to-lose' });
    const failure = new Error('of the work');
    const work = own.transaction(async (tx) => {
      await sql`select 1`.execute(tx);
      await terminate('to-lose');
      throw failure;
    });
    await expect(work).rejects.toBe(failure);
  });

  it('leave an idle pool whose connections break usable', async () => {
    await using own = openDatabase(server.adminUrl, { applicationName: 'to-lose' });
    await sql`select 1`.execute(own.kysely);
    await terminate('to-lose');
    // The pool may learn of the loss by this very query, which is then the one that reports it.
    const one = () => sql`select 1 as one`.execute(own.kysely);
    const { rows } = await one().catch((error: PostgresError) => {
      expect(error.code).toBe('connection_lost');
      return one();
    });
    expect(rows).toEqual([{ one: 1 }]);
  });
});

describe('listen', () => {
  it('hears what is sent on its channel, until it is disposed', async () => {
    const heard = inbox();
    const other = inbox();
    const ear = await db.listen('stones', heard.put);
    await db.listen('Other "channel"', other.put);
    await notify('stones', 'one');
    await notify('Other "channel"', 'two');
    expect(await heard.next()).toBe('one');
    expect(await other.next()).toBe('two');
    await ear[Symbol.asyncDispose]();
    await notify('stones', 'unheard');
    await notify('Other "channel"', 'three');
    expect(await other.next()).toBe('three');
    expect(heard.waiting()).toBe(0);
  });

  it('comes back after a lost connection and says that something may have been missed', async () => {
    await using own = openDatabase(server.adminUrl, { applicationName: 'to-lose' });
    const heard = inbox();
    await own.listen('back', heard.put);
    await terminate('to-lose');
    expect(await heard.next()).toBe('');
    await notify('back', 'again');
    expect(await heard.next()).toBe('again');
  });
});

async function terminate(application: string): Promise<void> {
  await sql`select pg_terminate_backend(pid, 5000) from pg_stat_activity where application_name = ${application}`.execute(
    db.kysely,
  );
}

async function notify(channel: string, payload: string): Promise<void> {
  await sql`select pg_notify(${channel}, ${payload})`.execute(db.kysely);
}

function inbox() {
  const arrived: string[] = [];
  const waiting: ((payload: string) => void)[] = [];
  return {
    put: (payload: string) => {
      const next = waiting.shift();
      if (next) next(payload);
      else arrived.push(payload);
    },
    next: () =>
      new Promise<string>((resolve) => (arrived.length > 0 ? resolve(arrived.shift()!) : waiting.push(resolve))),
    waiting: () => arrived.length,
  };
}

import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { type Database, openDatabase } from '../src/database.ts';
import { forgetAnswers, idempotencyMigrations, once } from '../src/idempotency.ts';
import { migrate } from '../src/migrate.ts';
import type { PostgresServer } from '../src/server.ts';
import { ownServer } from './own-server.ts';

let server: PostgresServer;
let db: Database;
const use = { scope: 'ana/CreateScan', key: 'k1', requestHash: 'h1' };

beforeAll(async () => {
  server = await ownServer();
  db = openDatabase(server.adminUrl);
  await migrate(db, 'idempotency', idempotencyMigrations);
});
beforeEach(async () => {
  await sql`truncate gabion_idempotency`.execute(db.kysely);
});
afterAll(async () => {
  await db[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

/** Work that counts how often it ran and answers that number. */
function counted() {
  let runs = 0;
  return { work: async () => Uint8Array.of(++runs), runs: () => runs };
}

describe('once', () => {
  it('runs the work once and repeats its answer', async () => {
    const { work, runs } = counted();
    for (let repeat = 0; repeat < 3; repeat++) {
      expect(await db.transaction((tx) => once(tx, use, work))).toEqual(Uint8Array.of(1));
    }
    expect(runs()).toBe(1);
  });

  it('runs the work once for many at the same time', async () => {
    const { work, runs } = counted();
    const slow = async () => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      return work();
    };
    const all = await Promise.all(Array.from({ length: 8 }, () => db.transaction((tx) => once(tx, use, slow))));
    expect(all).toEqual(Array(8).fill(Uint8Array.of(1)));
    expect(runs()).toBe(1);
  });

  it('frees the key when the transaction rolls back, also for one that waits', async () => {
    const { work, runs } = counted();
    const hasKey = Promise.withResolvers<void>();
    const mayFail = Promise.withResolvers<void>();
    const failing = db.transaction(async (tx) => {
      await once(tx, use, work);
      hasKey.resolve();
      await mayFail.promise;
      throw new Error('after the work');
    });
    await hasKey.promise;
    const waiting = db.transaction((tx) => once(tx, use, work));
    mayFail.resolve();
    await expect(failing).rejects.toThrow('after the work');
    expect(await waiting).toEqual(Uint8Array.of(2));
    expect(runs()).toBe(2);
  });

  it('keeps no key of work that failed in a transaction that commits', async () => {
    await db.transaction(async (tx) => {
      await once(tx, use, () => Promise.reject(new Error('no'))).catch(() => {});
    });
    expect(await db.transaction((tx) => once(tx, use, counted().work))).toEqual(Uint8Array.of(1));
  });

  it('refuses the key of another request', async () => {
    await db.transaction((tx) => once(tx, use, counted().work));
    const reuse = db.transaction((tx) => once(tx, { ...use, requestHash: 'h2' }, counted().work));
    await expect(reuse).rejects.toMatchObject({ code: 'idempotency_key_reused' });
  });

  it('takes the same key of another scope for another', async () => {
    await db.transaction((tx) => once(tx, use, counted().work));
    const { work, runs } = counted();
    await db.transaction((tx) => once(tx, { ...use, scope: 'ben/CreateScan', requestHash: 'h2' }, work));
    expect(runs()).toBe(1);
  });

  it('forgets answers older than a time', async () => {
    await db.transaction((tx) => once(tx, use, counted().work));
    expect(await db.transaction((tx) => forgetAnswers(tx, new Date(0)))).toBe(0);
    expect(await db.transaction((tx) => forgetAnswers(tx, new Date(Date.now() + 60_000)))).toBe(1);
  });
});

import { KeyService, KeyType } from '@gabion/contracts/gabion/kms/v1/keys_pb';
import { CryptoService } from '@gabion/contracts/gabion/kms/v1/operations_pb';
import { SealService } from '@gabion/contracts/gabion/kms/v1/seal_pb';
import type { Connection } from '@gabion/rpc/client';
import { combine } from '@gabion/shamir/shares';
import { postgresForTests } from '@gabion/testkit/postgres';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { placeOf } from '../src/seal/opening.ts';
import { unwrapRoot } from '../src/seal/root-key.ts';
import { fleet, initialised, openings, type Site } from './fleet.ts';
import { eventually, platform, root } from './platform.ts';

const as = { caller: root };
/** What the issue promises is a second; the rest is for a machine that is busy. */
const soonMs = 2000;

let server: Awaited<ReturnType<typeof postgresForTests>>;
beforeAll(async () => {
  server = await postgresForTests();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

describe('replicas over one PostgreSQL', () => {
  it('are all open once one of them is, and each opening is on the trail', async () => {
    await using site = await fleet();
    const [first, second, third] = [await site.replica(), await site.replica(), await site.replica()];
    await initialised(first);
    await eventually(async () => (await second.isOpen()) && (await third.isOpen()), soonMs);
    await first.connection.client(KeyService).createKey({ name: 'app', type: KeyType.AES_256_GCM }, as);
    const { ciphertext } = await third.connection
      .client(CryptoService)
      .encrypt({ key: 'app', plaintext: Buffer.from('kept') }, as);
    const { plaintext } = await second.connection.client(CryptoService).decrypt({ key: 'app', ciphertext }, as);
    expect(Buffer.from(plaintext).toString()).toBe('kept');
    expect(await openings(site)).toEqual([
      expect.objectContaining({ service: 'kms-secrets', resource: 'seal' }),
      expect.objectContaining({ service: 'kms-secrets', resource: 'seal' }),
    ]);
    await eventually(async () => (await waiting(site)) === 0);
  });

  it('are opened by one unseal after all were stopped, and one that restarts opens by itself', async () => {
    await using site = await fleet();
    const before = await site.replica();
    const shares = await initialised(before);
    await before.stop();
    const [first, second] = [await site.replica(), await site.replica()];
    expect(await second.seal.getSeal({})).toMatchObject({ isSealed: true, isOpenedByReplicas: true });
    for (const share of shares) await first.seal.unseal({ share }, as);
    await eventually(second.isOpen, soonMs);
    await second.stop();
    await eventually((await site.replica()).isOpen, soonMs);
  });

  it('do not help each other after the seal was closed, until shares opened one; who was closed stays closed', async () => {
    await using site = await fleet();
    const [first, second] = [await site.replica(), await site.replica()];
    const shares = await initialised(first);
    await eventually(second.isOpen, soonMs);
    await first.seal.closeSeal({}, as);
    await eventually(async () => !(await second.isOpen()), soonMs);
    expect(await second.seal.getSeal({})).toMatchObject({ isSealed: true, isOpenedByReplicas: false });
    const later = await site.replica();
    // It has asked, and nobody is there to answer.
    await eventually(async () => (await waiting(site)) === 1);
    expect([await first.isOpen(), await second.isOpen(), await later.isOpen()]).toEqual([false, false, false]);
    for (const share of shares) await first.seal.unseal({ share }, as);
    await eventually(later.isOpen, soonMs);
    expect(await second.isOpen()).toBe(false);
  });

  it('keep nothing in the database that opens the seal', async () => {
    await using site = await fleet();
    const [first, second] = [await site.replica(), await site.replica()];
    await sql`create table seen (content text)`.execute(site.db.kysely);
    await sql`
      create function see() returns trigger language plpgsql as $$
      begin insert into seen values (new::text); return new; end $$`.execute(site.db.kysely);
    await sql`create trigger see after insert or update on seal_openings for each row execute function see()`.execute(
      site.db.kysely,
    );
    const shares = await initialised(first);
    await eventually(second.isOpen, soonMs);
    const { rows } = await sql<{ content: string }>`select content from seen`.execute(site.db.kysely);
    const content = rows.map((row) => row.content).join('\n');
    expect(content).toContain('BEGIN CERTIFICATE');
    const sealKey = combine(shares.map((share) => Buffer.from(share)));
    const row = await site.db.kysely.selectFrom('seal').selectAll().executeTakeFirstOrThrow();
    for (const key of [sealKey, unwrapRoot(sealKey, row.wrapped_root, placeOf(row))]) {
      expect(content).not.toContain(key.toString('hex'));
      expect(content).not.toContain(key.toString('base64').replace(/=+$/, ''));
    }
  });

  it('are not opened by each other where they have no certificates', async () => {
    await using site = await platform({ seal: { kind: 'shamir' }, replicas: 2 });
    const [first, second] = site.gateways as [Connection, Connection];
    await initialised({ seal: first.client(SealService) });
    expect(await second.client(SealService).getSeal({})).toMatchObject({ isSealed: true, isOpenedByReplicas: false });
  });
});

async function waiting({ db }: Site): Promise<number> {
  return (await db.kysely.selectFrom('seal_openings').select('id').execute()).length;
}

import { readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { openDatabase } from '../src/database.ts';
import { provision } from '../src/provision.ts';
import type { PostgresServer } from '../src/server.ts';
import { ownServer, temporaryDir } from './own-server.ts';

let server: PostgresServer;
let secrets: Awaited<ReturnType<typeof temporaryDir>>;

beforeAll(async () => {
  server = await ownServer();
  secrets = await temporaryDir();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await secrets[Symbol.asyncDispose]();
});

describe('provision', () => {
  it('gives a service a database and a role of its own, with a secret only we can read', async () => {
    const url = await provision(server.adminUrl, 'image-scanner', secrets.path);
    await using db = openDatabase(url);
    const who = sql`select current_user as role, current_database() as db`;
    expect((await who.execute(db.kysely)).rows).toEqual([{ role: 'gabion_image_scanner', db: 'gabion_image_scanner' }]);
    await sql`create table mine (id int)`.execute(db.kysely);
    const file = join(secrets.path, 'image-scanner.postgres');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(url).toContain((await readFile(file, 'utf8')).trim());
  });

  it('answers the same again, also to replicas that start together', async () => {
    const urls = await Promise.all([1, 2, 3].map(() => provision(server.adminUrl, 'signer', secrets.path)));
    expect(new Set(urls).size).toBe(1);
    expect(await provision(server.adminUrl, 'signer', secrets.path)).toBe(urls[0]);
  });

  it('makes a new password when its file was lost', async () => {
    const before = await provision(server.adminUrl, 'policy', secrets.path);
    await rm(join(secrets.path, 'policy.postgres'));
    const after = await provision(server.adminUrl, 'policy', secrets.path);
    expect(after).not.toBe(before);
    await using db = openDatabase(after);
    await sql`select 1`.execute(db.kysely);
    await using old = openDatabase(before);
    await expect(sql`select 1`.execute(old.kysely)).rejects.toThrow('password authentication failed');
  });

  it('lets no service into the database of another', async () => {
    const url = new URL(await provision(server.adminUrl, 'inspector', secrets.path));
    await provision(server.adminUrl, 'identity', secrets.path);
    url.pathname = '/gabion_identity';
    await using db = openDatabase(url.href);
    await expect(sql`select 1`.execute(db.kysely)).rejects.toThrow('permission denied for database');
  });

  it('refuses an administrator who may not make roles', async () => {
    const url = await provision(server.adminUrl, 'gateway', secrets.path);
    await expect(provision(url, 'delivery', secrets.path)).rejects.toMatchObject({ code: 'permission_denied' });
  });

  it('works for an administrator who is no superuser', async () => {
    await using admin = openDatabase(server.adminUrl);
    await sql`create role manager login createdb createrole password 'm'`.execute(admin.kysely);
    const url = new URL(server.adminUrl);
    url.username = 'manager';
    url.password = 'm';
    await using db = openDatabase(await provision(url.href, 'attestation', secrets.path));
    await sql`create table mine (id int)`.execute(db.kysely);
  });

  it('refuses a name that is no service', async () => {
    await expect(provision(server.adminUrl, 'x"; drop', secrets.path)).rejects.toThrow(TypeError);
  });
});

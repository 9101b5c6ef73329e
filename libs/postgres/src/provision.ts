import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { PostgresError } from './postgres-error.ts';
import { typed } from './sql-state.ts';

/**
 * Makes (or finds) database `gabion_<service>`, owned by a role of the same name that alone may connect to it, and
 * answers the role's URL. The password is generated and kept in `<secretsDir>/<service>.postgres` (0600); a lost file
 * gets a new one. `adminUrl` needs a role that may create databases and roles.
 */
export async function provision(adminUrl: string, service: string, secretsDir: string): Promise<string> {
  if (!/^[a-z][a-z0-9-]{0,50}$/.test(service)) throw new TypeError(`not a service name: ${service}`);
  const name = `gabion_${service.replaceAll('-', '_')}`;
  const client = new pg.Client({ connectionString: adminUrl, connectionTimeoutMillis: 10_000 });
  client.on('error', () => {});
  try {
    await client.connect();
    // Replicas start together; held until the connection ends. Creating a database cannot be part of a transaction.
    await client.query(`select pg_advisory_lock(hashtextextended('gabion_provision', 0))`);
    const password = await passwordOf(service, secretsDir);
    await makeRole(client, name, password);
    await makeDatabase(client, name);
    return urlFor(adminUrl, name, password);
  } catch (error) {
    throw adminFailure(typed(error, 'connect'));
  } finally {
    await client.end().catch(() => {});
  }
}

async function passwordOf(service: string, secretsDir: string): Promise<string> {
  const file = join(secretsDir, `${service}.postgres`);
  const kept = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  if (kept.trim() !== '') return kept.trim();
  const password = randomBytes(24).toString('base64url');
  await mkdir(secretsDir, { recursive: true, mode: 0o700 });
  const draft = `${file}.${process.pid}`;
  await writeFile(draft, `${password}\n`, { mode: 0o600, flush: true });
  await chmod(draft, 0o600);
  await rename(draft, file);
  return password;
}

async function makeRole(client: pg.Client, name: string, password: string): Promise<void> {
  const { rowCount } = await client.query('select from pg_roles where rolname = $1', [name]);
  const verb = rowCount === 0 ? 'create' : 'alter';
  // The verifier instead of the password: what is in a statement may end up in the server's log.
  const secret = client.escapeLiteral(scramVerifier(password));
  await client.query(
    `${verb} role ${client.escapeIdentifier(name)} login nosuperuser nocreatedb nocreaterole password ${secret}`,
  );
}

async function makeDatabase(client: pg.Client, name: string): Promise<void> {
  const { rowCount } = await client.query('select from pg_database where datname = $1', [name]);
  const identifier = client.escapeIdentifier(name);
  if (rowCount === 0) {
    // An administrator who is no superuser may give a database only to a role that he is a member of.
    const { rows } = await client.query<{ super: boolean }>(
      'select rolsuper as super from pg_roles where rolname = current_user',
    );
    if (!rows[0]?.super) await client.query(`grant ${identifier} to current_user`);
    await client.query(`create database ${identifier} owner ${identifier} encoding 'UTF8' template template0`);
  }
  await client.query(`revoke all on database ${identifier} from public`);
}

/** RFC 5803 in the form that PostgreSQL stores (src/common/scram-common.c); passwords here are plain ASCII. */
function scramVerifier(password: string): string {
  const iterations = 4_096;
  const salt = randomBytes(16);
  const salted = pbkdf2Sync(password, salt, iterations, 32, 'sha256');
  const key = (label: string) => createHmac('sha256', salted).update(label).digest();
  const stored = createHash('sha256').update(key('Client Key')).digest('base64');
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${stored}:${key('Server Key').toString('base64')}`;
}

function urlFor(adminUrl: string, name: string, password: string): string {
  const url = new URL(adminUrl);
  url.username = name;
  url.password = password;
  url.pathname = `/${name}`;
  return url.href;
}

function adminFailure(error: unknown): unknown {
  if (!(error instanceof pg.DatabaseError) || error.code !== '42501') return error;
  return new PostgresError('permission_denied', `the administrator's role may not do this: ${error.message}`, {
    cause: error,
  });
}

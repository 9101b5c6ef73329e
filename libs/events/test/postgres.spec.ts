import { postgresForTests } from '@gabion/testkit/postgres';
import pg from 'pg';
import { busConformance } from './bus.conformance.ts';
import type { Site, Transport } from './site.ts';

busConformance('the log in PostgreSQL', async (): Promise<Transport> => {
  const server = await postgresForTests();
  return {
    config: (logs) => ({ kind: 'postgres', logs }),
    interrupt: (site, forMs) => lockOut(server.adminUrl, site, forMs),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
});

/** Both databases refuse connections and drop those they have, as a server does that is restarted. */
async function lockOut(adminUrl: string, site: Site, forMs: number): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  const names = [site.scanner.url, site.reader.url].map((url) => new URL(url).pathname.slice(1));
  for (const name of names) await client.query(`alter database ${name} with allow_connections false`);
  await client.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = any($1)', [names]);
  await new Promise((resolve) => setTimeout(resolve, forMs));
  for (const name of names) await client.query(`alter database ${name} with allow_connections true`);
  await client.end();
}

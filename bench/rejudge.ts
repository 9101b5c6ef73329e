// Judges stored inventories again after advisories have changed, and prints time, events and rows written:
//   node bench/rejudge.ts [--images 100000]   (after a build)
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ScanService, ScanState } from '@gabion/contracts/gabion/scan/v1/scans_pb';
import { registryForTests } from '@gabion/testkit/registry';
import { localOperator } from '@gabion/trust/caller';
import { sql } from 'kysely';
import { addImages, feedOf, importFeed, type Pool, pools, scanPool } from './inventories.ts';
import { percentile, startScanner } from './scanner.ts';

const { values: options } = parseArgs({ options: { images: { type: 'string', default: '100000' } } });
const caller = localOperator();

await using registry = await (async () => {
  const found = await registryForTests();
  if ('skipped' in found) throw new Error(found.skipped);
  return found;
})();
await using scanner = await startScanner();
const { connection, db } = scanner;

for (const pool of Object.values(pools)) await importFeed(connection, pool.name, feedOf(pool));
const scan = (pool: Pool) => scanPool(connection, db, registry.host, pool);
const pooled = { debian: await scan(pools.debian), alpine: await scan(pools.alpine), npm: await scan(pools.npm) };
await told();
const began = performance.now();
await addImages(db, pooled, Number(options.images));
console.log(`stored: ${await told()} in ${seconds(began)} s; ${await size()}`);

await measured('500 packages of Debian have one more advisory', pools.debian, { more: 500 });
await measured('every advisory of npm has another severity', pools.npm, { isReworded: true });
await measured('the same feed again', pools.npm, { isReworded: true });
await repeatedScans();

async function measured(what: string, pool: Pool, change: Parameters<typeof feedOf>[1]): Promise<void> {
  const feed = feedOf(pool, change);
  const [events, rows] = [await eventCount(), await rowsWritten()];
  scanner.forgetPeak();
  await importFeed(connection, pool.name, feed);
  const started = performance.now();
  let judged: string | undefined;
  while (!(await isSettled())) {
    if (judged === undefined && (await isJudged())) judged = seconds(started);
    await pause(50);
  }
  const all = seconds(started);
  const images = (await eventCount()) - events;
  const written = (await rowsWritten()) - rows;
  console.log(
    `${what}: judged after ${judged ?? all} s, all told after ${all} s (target 300); ${images} images told, ` +
      `${written} rows written, peak ${scanner.peakMb()} MB RSS; ${await size()}`,
  );
}

async function repeatedScans(): Promise<void> {
  const scans = connection.client(ScanService);
  const times: number[] = [];
  for (let n = 0; n < 60; n++) {
    const started = performance.now();
    const value = `${registry.host}/debian-0:v1`;
    const { id } = await scans.createScan({ target: { case: 'image', value } }, { caller });
    for await (const each of scans.watchScan({ id }, { caller }))
      if (each.state === ScanState.SUCCEEDED) times.push(performance.now() - started);
  }
  console.log(
    `repeated scan of ${pools.debian.names} packages among ${options.images} images: ` +
      `p50 ${percentile(times, 0.5).toFixed(0)} ms, p95 ${percentile(times, 0.95).toFixed(0)} ms`,
  );
}

function isJudged(): Promise<boolean> {
  return is(sql`not exists (select from rejudge_keys)`);
}

function isSettled(): Promise<boolean> {
  return is(sql`not exists (select from rejudge_keys) and not exists (select from judging_rounds where not is_spread)
    and not exists (select from announcements)`);
}

async function is(claim: ReturnType<typeof sql>): Promise<boolean> {
  return (await sql<{ is: boolean }>`select ${claim} as is`.execute(db.kysely)).rows[0]!.is;
}

async function eventCount(): Promise<number> {
  return number(sql`select count(*) as n from events.log where topic = 'image.findings-changed'`);
}

async function rowsWritten(): Promise<number> {
  await pause(1500);
  return number(sql`
    select sum(n_tup_ins + n_tup_upd + n_tup_del) as n from pg_stat_user_tables
    where relname in ('component_findings', 'components', 'images', 'finding_changes')`);
}

async function number(query: ReturnType<typeof sql>): Promise<number> {
  return Number((await query.execute(db.kysely)).rows.map((row) => (row as { n: string }).n)[0]);
}

async function told(): Promise<string> {
  const of = (table: string) => number(sql`select count(*) as n from ${sql.table(table)}`);
  return `${await of('images')} images, ${await of('components')} components, ${await of('component_findings')} findings`;
}

async function size(): Promise<string> {
  const { rows } = await sql<{ size: string; images: string }>`
    select pg_size_pretty(pg_database_size(current_database())) as size,
      pg_size_pretty(pg_total_relation_size('images')) as images`.execute(db.kysely);
  return `database ${rows[0]!.size}, of it images ${rows[0]!.images}`;
}

function seconds(since: number): string {
  return ((performance.now() - since) / 1000).toFixed(1);
}

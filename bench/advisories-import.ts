// Imports every feed of a directory through the service, twice, and prints time and memory:
//   node bench/advisories-import.ts FEEDS   (after a build)
import { createReadStream, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { AdvisoryService, type ImportAdvisoriesResponse } from '@gabion/contracts/gabion/scan/v1/advisories_pb';
import { Fault } from '@gabion/rpc/fault';
import { localOperator } from '@gabion/trust/caller';
import { sql } from 'kysely';
import { startScanner } from './scanner.ts';

const caller = localOperator();
const [directory] = process.argv.slice(2);
if (!directory) throw new Error('name the directory of feeds');
await using scanner = await startScanner();
const advisories = scanner.connection.client(AdvisoryService);

await pause(2000);
console.log(`idle: ${scanner.rssMb()} MB`);
for (const round of ['first', 'second'] as const) {
  const target = round === 'first' ? '60 s, 400 MB' : '30 s, nothing written';
  const started = performance.now();
  for (const name of readdirSync(directory).sort()) {
    if (!/\.(tar|tgz|tar\.gz)$/.test(name)) continue;
    const began = performance.now();
    const outcome = await imported(join(directory, name));
    console.log(`${name}: ${seconds(began)} s, ${outcome}, peak ${scanner.peakMb()} MB`);
  }
  console.log(`${round} import of all: ${seconds(started)} s, peak ${scanner.peakMb()} MB RSS (targets: ${target})`);
}
const { rows } = await sql<{ size: string; n: string }>`
  select pg_size_pretty(pg_database_size(current_database())) as size, (select count(*) from advisory_entries) as n`.execute(
  scanner.db.kysely,
);
console.log(`database: ${rows[0]!.size}, ${rows[0]!.n} entries`);

async function imported(path: string): Promise<string> {
  const source = basename(path).replace(/\..*$/, '');
  async function* parts() {
    yield { part: { case: 'header' as const, value: { source } } };
    for await (const value of createReadStream(path, { highWaterMark: 512 * 1024 }))
      yield { part: { case: 'chunk' as const, value: value as Uint8Array } };
  }
  let last: ImportAdvisoriesResponse | undefined;
  try {
    for await (const answer of advisories.importAdvisories(parts(), { caller })) last = answer;
  } catch (error) {
    if (error instanceof Fault) return error.message;
    throw error;
  }
  const { filesRead, source: held, filesSkipped, entriesAdded, entriesRemoved } = last!;
  return `${filesRead} files, ${held?.advisoryCount} advisories, ${held?.factCount} facts, ${filesSkipped} skipped, ${entriesAdded} added, ${entriesRemoved} removed`;
}

function seconds(since: number): string {
  return ((performance.now() - since) / 1000).toFixed(1);
}

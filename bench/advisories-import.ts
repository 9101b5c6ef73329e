// Imports every feed of a directory through the service and prints time and memory:
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
const started = performance.now();
for (const name of readdirSync(directory).sort()) {
  if (!/\.(tar|tgz|tar\.gz)$/.test(name)) continue;
  const began = performance.now();
  const outcome = await imported(join(directory, name));
  console.log(`${name}: ${((performance.now() - began) / 1000).toFixed(1)} s, ${outcome}, peak ${scanner.peakMb()} MB`);
}
console.log(
  `all: ${((performance.now() - started) / 1000).toFixed(1)} s, peak ${scanner.peakMb()} MB RSS (targets: 60 s, 400 MB)`,
);
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
  return `${last?.filesRead} files, ${last?.source?.advisoryCount} advisories, ${last?.filesSkipped} skipped`;
}

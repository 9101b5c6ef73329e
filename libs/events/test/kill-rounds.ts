import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { sql } from 'kysely';
import { range, type Site } from './site.ts';

/**
 * Runs a producer and a consumer as processes of their own and kills both with SIGKILL after a random time, again and
 * again; answers the numbers whose transaction the producer saw committed.
 */
export async function killRounds(site: Site, rounds: number): Promise<{ acknowledged: Set<number> }> {
  await site.publisher();
  await sql`create table if not exists written (n bigint primary key)`.execute(site.scanner.kysely);
  const acknowledged = new Set<number>();
  for (const round of range(rounds)) {
    const producer = start('producer', site, round);
    const consumer = start('consumer', site, round);
    const working = Promise.withResolvers<void>();
    createInterface({ input: producer.stdout! }).on('line', (line) => {
      acknowledged.add(Number(line));
      working.resolve();
    });
    producer.once('exit', () => working.resolve());
    await working.promise;
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 600));
    await Promise.all([producer, consumer].map(kill));
  }
  return { acknowledged };
}

function start(role: 'producer' | 'consumer', site: Site, round: number): ChildProcess {
  const script = fileURLToPath(new URL('./kill-child.ts', import.meta.url));
  const flags = ['--experimental-transform-types', '--conditions=source', '--disable-warning=ExperimentalWarning'];
  const setup = {
    role,
    round,
    prefix: site.prefix,
    config: site.config,
    scanner: site.scanner.url,
    reader: site.reader.url,
  };
  return spawn(process.execPath, [...flags, script, JSON.stringify(setup)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) throw new Error(`the child ended by itself with ${child.exitCode}`);
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await exited;
}

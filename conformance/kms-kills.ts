import { randomInt } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { testDatabase } from '@gabion/testkit/postgres';
import { SecretStoreServer } from '../apps/kms-secrets/test/secret-store-server.ts';
import { KeyLane } from './kms-kills/key-lane.ts';
import type { Lane } from './kms-kills/lane.ts';
import { MigrationLane } from './kms-kills/migration-lane.ts';
import { MovingCluster } from './kms-kills/moving-cluster.ts';
import { SealLane } from './kms-kills/seal-lane.ts';
import { SecretLane } from './kms-kills/secret-lane.ts';
import { ServiceProcess, type Setup, serve, serviceTimeMs, softToken } from './kms-kills/service-process.ts';
import { SyncLane } from './kms-kills/sync-lane.ts';

// Kills kms-secrets with SIGKILL at random moments of rotations, re-keying, changes of the seal, imports, migrations and
// syncs, and looks after each whether everything that it acknowledged is there, opens and goes on:
// node conformance/kms-kills.ts [rounds] (needs a build)
const [asked = '200', child] = process.argv.slice(2);

if (asked === 'child') await serve(JSON.parse(child as string));
else await main(Number(asked));

async function main(rounds: number): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const directory = mkdtempSync(join(tmpdir(), 'kms-kills-'));
  stack.defer(() => rmSync(directory, { recursive: true, force: true }));
  chmodSync(directory, 0o700);
  const database = stack.use(await testDatabase({ database: true }));
  const setup: Setup = {
    listen: `unix:${join(directory, 'kms.sock')}`,
    postgresUrl: database.url,
    dataDir: directory,
    pkcs11: softToken(directory),
    epochMs: Date.now(),
  };
  const nowMs = () => serviceTimeMs(setup);
  const seal = new SealLane();
  const migrations = new MigrationLane(stack.use(await MovingCluster.start(100, nowMs)), nowMs);
  const syncs = new SyncLane(stack.use(await SecretStoreServer.start()));
  const lanes: readonly Lane[] = [seal, new KeyLane(), new SecretLane(), migrations, syncs];
  const failures: string[] = [];
  let operations = 0;
  for (let round = 0; round <= rounds && failures.length === 0; round++) {
    const service = await ServiceProcess.start(setup);
    const { connection } = service;
    const complain = (what: string) => failures.push(`round ${round}: ${what}`);
    try {
      if (round === 0) await seal.initialise(connection);
      await seal.open(connection);
      for (const lane of lanes) {
        if (round === 0) await lane.begin?.(connection);
        (await lane.lost(connection)).forEach((what) => void complain(`lost ${what}`));
      }
      if (round === rounds) for (const lane of lanes) (await lane.finish?.(connection))?.forEach(complain);
    } catch (error) {
      complain((error as Error).message);
    }
    const working = round < rounds ? workUntilKilled(service, lanes) : 0;
    if (round < rounds) await pause(randomInt(20, 900));
    await service.kill();
    operations += await working;
  }
  console.log(`${rounds} kills, ${operations} operations acknowledged`);
  for (const { told } of lanes) console.log(`  ${told}`);
  for (const failure of failures.slice(0, 20)) console.log(`  ${failure}`);
  console.log(`${rounds - failures.length} passed, ${failures.length} failed`);
  process.exitCode = failures.length === 0 ? 0 : 1;
}

/** Works until the service is gone; answers how much was acknowledged. */
async function workUntilKilled(service: ServiceProcess, lanes: readonly Lane[]): Promise<number> {
  let operations = 0;
  const run = async (lane: Lane) => {
    while (!service.isGone)
      await lane.work(service.connection).then(
        () => operations++,
        () => pause(5),
      );
  };
  await Promise.all(lanes.map(run));
  return operations;
}

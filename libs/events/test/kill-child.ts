// A process to be killed: publishes numbered rows with their events, or writes an effect for each event.
import { AdvisoriesImportedSchema } from '@gabion/contracts/gabion/scan/v1/events_pb';
import { openDatabase } from '@gabion/postgres/database';
import { createLog } from '@gabion/telemetry/log';
import { sql } from 'kysely';
import { openBus } from '../src/bus.ts';
import { publish } from '../src/publish.ts';

const { role, round, prefix, config, scanner, reader } = JSON.parse(process.argv[2]!);
const service = role === 'producer' ? 'image-scanner' : 'identity';
const db = openDatabase(role === 'producer' ? scanner : reader);
const bus = await openBus({
  service,
  db,
  config,
  log: createLog({ service, level: process.env.GABION_TEST_LOG ?? 'fatal' }),
});

if (role === 'producer') await Promise.all([0, 1, 2, 3].map(produce));
else await consume();

async function produce(lane: number): Promise<void> {
  for (let n = 0; ; n++) {
    const number = round * 1_000_000 + lane * 100_000 + n;
    await db.transaction(async (tx) => {
      await sql`insert into written (n) values (${number})`.execute(tx);
      await publish(tx, AdvisoriesImportedSchema, { source: `${prefix}-k`, advisoryCount: BigInt(number) });
    });
    process.stdout.write(`${number}\n`);
  }
}

async function consume(): Promise<void> {
  await bus.consume({
    group: `killed-${prefix}`,
    schema: AdvisoriesImportedSchema,
    batch: 20,
    handle: async ({ id, key, message }, tx) => {
      if (key !== `${prefix}-k`) return;
      await sql`insert into effects (id, key, n) values (${id}, ${key}, ${message.advisoryCount})`.execute(tx);
    },
  });
}

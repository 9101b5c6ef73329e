import { AdvisoriesImportedSchema } from '@gabion/contracts/gabion/scan/v1/events_pb';
import { metricsText } from '@gabion/telemetry/metrics';
import { postgresForTests } from '@gabion/testkit/postgres';
import { describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { saveRelay } from '../src/relay-cursor.ts';
import { eventually, range, Site, type Transport } from './site.ts';

const embedded: Transport = {
  config: (logs) => ({ kind: 'postgres', logs }),
  interrupt: async () => {},
  [Symbol.asyncDispose]: async () => {},
};
/** A Kafka that never answers. */
const absent: Transport = { ...embedded, config: () => ({ kind: 'kafka', brokers: ['127.0.0.1:9'] }) };

describe('limits of the bus', () => {
  it('refuses to publish while too many events wait for Kafka, and takes them again when there is room', async () => {
    await using _server = await postgresForTests();
    await using site = await Site.open(absent);
    await site.publisher({ maxOutboxEvents: 5 });
    const refused = async (n: number) =>
      site.publish('k', n).then(
        () => false,
        (error: { code?: string }) => error.code === 'outbox_full',
      );
    let n = 0;
    await eventually('the outbox is full', async () => (await refused(n++)) && n > 5);
    const { rows } = await sql<{ last: string }>`select max(seq) as last from events.log`.execute(site.scanner.kysely);
    await saveRelay(site.scanner.kysely, { seq: BigInt(rows[0]!.last), open: [] });
    await eventually('there is room', async () => !(await refused(n++)));
  });

  it('takes no new events while too many are parked, and all of them afterwards', async () => {
    await using _server = await postgresForTests();
    await using site = await Site.open(embedded);
    await site.publisher();
    let isSick = true;
    const bus = await site.consumer({ maxParkedEvents: 3 });
    const subscription = site.effects('full', {
      batch: 1,
      maxAttempts: 1_000,
      backoff: { firstMs: 200, mostMs: 200 },
      handle: async () => {
        if (isSick) throw new Error('no');
      },
    });
    const consumer = await bus.consume(subscription);
    for (const n of range(20)) await site.publish(`k${n}`, n);
    const parked = async () => {
      const { rows } = await sql<{ count: string }>`select count(*) from events.parked`.execute(site.reader.kysely);
      return Number(rows[0]!.count);
    };
    await eventually('the limit', async () => (await parked()) >= 3);
    // Two looks of the consumer later there are no more of them.
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect(await parked()).toBe(3);
    expect((await consumer.lag()).events).toBe(17);

    const { body } = await metricsText();
    const labels = `topic="advisories.imported",group="${subscription.group}"`;
    expect(body).toContain(`gabion_events_parked{${labels}} 3`);
    expect(body).toContain(`gabion_events_lag{${labels}} 17`);
    const age = /gabion_events_oldest_age_seconds\{(.*)\} (.*)/g;
    const ages = [...body.matchAll(age)].filter(([, of]) => of === labels).map(([, , seconds]) => Number(seconds));
    expect(ages[0]).toBeGreaterThan(2);

    isSick = false;
    await eventually('all', async () => (await site.effectCount()) === 20);
    await eventually('nothing parked', async () => (await parked()) === 0);
    const after = await metricsText();
    expect(after.body).toContain(`gabion_events_lag{${labels}} 0`);
    expect(after.body).toContain('gabion_events_published_total{topic="advisories.imported"}');
    const handled = /gabion_events_consumed_total\{(.*)outcome="handled"\} (\d+)/g;
    const counts = [...after.body.matchAll(handled)].filter(([, of]) => of!.includes(subscription.group));
    expect(counts.map(([, , count]) => Number(count))).toEqual([20]);
  });

  it('counts a dead letter', async () => {
    await using _server = await postgresForTests();
    await using site = await Site.open(embedded);
    await site.publisher();
    const bus = await site.consumer();
    const subscription = site.effects('dead', {
      maxAttempts: 1,
      handle: async () => {
        throw new Error('never');
      },
    });
    await bus.consume(subscription);
    await site.publish('k', 1);
    const letters = () => bus.deadLetters(subscription.group, AdvisoriesImportedSchema);
    await eventually('the dead letter', async () => (await letters()).length === 1);
    await eventually('its count', async () => {
      const { body } = await metricsText();
      return body.includes(
        `gabion_events_dead_lettered_total{topic="advisories.imported",group="${subscription.group}"} 1`,
      );
    });
  });
});

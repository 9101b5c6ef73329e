import { AdvisoriesImportedSchema, ScanFailedSchema } from '@gabion/contracts/gabion/scan/v1/events_pb';
import { topicOf } from '@gabion/contracts/topics';
import { createLog } from '@gabion/telemetry/log';
import { kafkaForTests } from '@gabion/testkit/kafka';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import kafkajs from 'kafkajs';
import { sql } from 'kysely';
import { KafkaCluster, type KafkaConfig } from '../src/kafka-cluster.ts';
import { KafkaConsumer } from '../src/kafka-consumer.ts';
import { calmIdleQueue } from '../src/kafkajs-idle.ts';
import { migrateEvents } from '../src/schema.ts';
import { eventually, range, Site, type Transport } from './site.ts';

const kafka = await kafkaForTests({ ownBroker: true });
const log = createLog({ service: 'test', level: process.env.GABION_TEST_LOG ?? 'fatal' });
const topic = topicOf(ScanFailedSchema).name;

if ('skipped' in kafka) describe('Kafka at fault', () => it.skip(kafka.skipped, () => {}));
else {
  const config: KafkaConfig = { kind: 'kafka', brokers: kafka.brokers };
  const transport: Transport = {
    config: () => config,
    interrupt: async () => {},
    [Symbol.asyncDispose]: async () => {},
  };

  describe('Kafka at fault', () => {
    // A topic that someone made before the bus did, for records smaller than the bus takes.
    beforeAll(async () => {
      calmIdleQueue();
      const admin = new kafkajs.Kafka({ brokers: [...kafka.brokers], logLevel: kafkajs.logLevel.NOTHING }).admin();
      await admin.connect();
      const small = [{ name: 'max.message.bytes', value: '20000' }];
      await admin.createTopics({
        waitForLeaders: true,
        topics: [{ topic, numPartitions: 8, replicationFactor: 1, configEntries: small }],
      });
      await admin.disconnect();
    });
    afterAll(async () => kafka[Symbol.asyncDispose]());

    it('gives up on an event that the broker refuses for its size, and ships those around it', async () => {
      await using site = await Site.open(transport);
      const scanner = await site.publisher();
      await (await site.consumer()).consume(site.largeEffects('refused'));
      for (const n of range(6)) await site.publishLarge(`k${n}`, n === 2 ? 400_000 : 1_000);
      await eventually('the others', async () => (await site.effectCount()) >= 5);
      const dead = () => scanner.deadLetters('relay', ScanFailedSchema);
      await eventually('the refused one', async () => (await dead()).length > 0);
      const letters = await dead();
      expect(letters).toMatchObject([{ key: `${site.prefix}-k2`, attempts: 1 }]);
      expect(letters[0]!.reason).toContain('larger than the max');
      await site.publishLarge('after', 1_000);
      await eventually('later ones', async () => (await site.effectCount()) === 6);
      const shipped = await sql<{
        topic: string;
      }>`select topic from events.log where topic like '%.dead-letter'`.execute(site.scanner.kysely);
      expect(shipped.rows).toEqual([{ topic: `${topic}.dead-letter` }]);
    });

    it('ships a refused event once the topic takes it and someone sends it again', async () => {
      await using site = await Site.open(transport);
      const scanner = await site.publisher();
      await (await site.consumer()).consume(site.largeEffects('again'));
      await site.publishLarge('k', 300_000);
      const letters = () => scanner.deadLetters('relay', ScanFailedSchema);
      await eventually('the dead letter', async () => (await letters()).length === 1);
      const admin = new kafkajs.Kafka({ brokers: [...kafka.brokers], logLevel: kafkajs.logLevel.NOTHING }).admin();
      await admin.connect();
      const limit = (value: string) =>
        admin.alterConfigs({
          validateOnly: false,
          resources: [{ type: 2, name: topic, configEntries: [{ name: 'max.message.bytes', value }] }],
        });
      await limit('1000000');
      expect(await scanner.redrive('relay', ScanFailedSchema)).toBe(1);
      await eventually('its effect', async () => (await site.effectCount()) === 1);
      expect(await letters()).toEqual([]);
      await limit('20000');
      await admin.disconnect();
    });

    it('joins the group anew after kafkajs gave up for good', async () => {
      await using site = await Site.open(transport);
      await site.publisher();
      await migrateEvents(site.reader);
      await using cluster = new KafkaCluster(config, 'identity', log, 1024 * 1024);
      const members = failFirst(cluster);
      await site.publish('k', 1, 2, 3);
      const context = { db: site.reader, cluster, log, topic: topicOf(AdvisoriesImportedSchema), maxParked: 10 };
      await using _consumer = new KafkaConsumer(context, site.effects('crash') as never);
      await eventually('all three', async () => (await site.effectCount()) === 3);
      expect(members()).toBe(2);
    });

    it('costs next to nothing while nothing happens', async () => {
      await using site = await Site.open(transport);
      await site.publisher();
      await (await site.consumer()).consume(site.effects('idle'));
      await site.publish('k', 1);
      await eventually('the first', async () => (await site.effectCount()) === 1);
      const armed = countShortTimers();
      await new Promise((resolve) => setTimeout(resolve, 2_000));
      // kafkajs as it is arms a thousand a second and connection; a handful of connections are open here.
      expect(armed()).toBeLessThan(100);
    });
  });
}

/** Has the first consumer die of an error that kafkajs does not try again; answers how many were made. */
function failFirst(cluster: KafkaCluster): () => number {
  let made = 0;
  const make = cluster.kafka.consumer.bind(cluster.kafka);
  cluster.kafka.consumer = (settings) => {
    const consumer = make(settings);
    made++;
    if (made > 1) return consumer;
    const eachBatch = async () => {
      throw new kafkajs.KafkaJSNonRetriableError('gone for good');
    };
    return { ...consumer, run: (how) => consumer.run({ ...how, eachBatch }) };
  };
  return () => made;
}

/** Counts timers of 5 ms and less, and negative ones, from here on until asked. */
function countShortTimers(): () => number {
  const original = globalThis.setTimeout;
  let armed = 0;
  const counting = (run: (...args: unknown[]) => void, ms?: number, ...rest: unknown[]) => {
    if ((ms ?? 0) <= 5) armed++;
    return original(run, ms, ...rest);
  };
  globalThis.setTimeout = counting as unknown as typeof setTimeout;
  return () => {
    globalThis.setTimeout = original;
    return armed;
  };
}

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Kafka, logLevel, Partitioners } from 'kafkajs';
import { kafkaForTests, type TestKafka } from './kafka.ts';

const found = await kafkaForTests({ ownBroker: true });
const suite = 'skipped' in found ? describe.skip : describe;

suite(`Kafka for tests${'skipped' in found ? ` (${found.skipped})` : ''}`, () => {
  const broker = found as TestKafka;
  const kafka = new Kafka({ brokers: broker.brokers ?? ['none'], logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });

  beforeAll(async () => {
    await admin.connect();
    await admin.createTopics({ topics: [{ topic: 'stones', numPartitions: 2 }], waitForLeaders: true });
    await producer.connect();
  });
  afterAll(async () => {
    await producer.disconnect();
    await admin.disconnect();
    await broker[Symbol.asyncDispose]();
  });

  it('keeps what was produced across a stop and a start on the same port', async () => {
    await producer.send({ topic: 'stones', messages: [{ key: 'a', value: 'before' }] });
    await broker.stop();
    await broker.start();
    await producer.send({ topic: 'stones', messages: [{ key: 'a', value: 'after' }] });
    expect(await firstTwo(kafka)).toEqual(['before', 'after']);
  });

  it('keeps what was acknowledged when it is killed', async () => {
    await producer.send({ topic: 'stones', acks: -1, messages: [{ key: 'b', value: 'kept' }] });
    await broker.stop('kill');
    await broker.start();
    const offsets = await admin.fetchTopicOffsets('stones');
    expect(offsets.reduce((sum, { high }) => sum + Number(high), 0)).toBe(3);
  });
});

async function firstTwo(kafka: Kafka): Promise<string[]> {
  const consumer = kafka.consumer({ groupId: 'wall' });
  await consumer.connect();
  await consumer.subscribe({ topic: 'stones', fromBeginning: true });
  const heard: string[] = [];
  await new Promise<void>((resolve) => {
    void consumer.run({
      eachMessage: async ({ message }) => {
        heard.push(String(message.value));
        if (heard.length === 2) resolve();
      },
    });
  });
  await consumer.disconnect();
  return heard;
}

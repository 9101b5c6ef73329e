import { connect } from 'node:net';
import type { TestKafka } from './kafka.ts';
import { answersKafka } from './kafka-client.ts';
import { kafkaVersion } from './kafka-jars.ts';
import { freePort } from './server-process.ts';

/** Whether a Docker engine listens where its clients look for it. */
export async function dockerAnswers(): Promise<boolean> {
  const given = process.env.DOCKER_HOST;
  if (given && !given.startsWith('unix://')) return true;
  const socket = connect(given?.slice('unix://'.length) ?? '/var/run/docker.sock');
  return new Promise((resolve) => {
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
  }).then((answers) => {
    socket.destroy();
    return answers as boolean;
  });
}

/** Kafka's own image on a host port of its own, which stays the same across `stop` and `start`. */
export async function kafkaContainer(): Promise<TestKafka> {
  // Loaded only where an engine answers: it brings a large tree of dependencies.
  const { GenericContainer, Wait } = await import('testcontainers');
  const port = await freePort();
  const container = await new GenericContainer(`apache/kafka:${kafkaVersion}`)
    .withExposedPorts({ container: 9092, host: port })
    .withEnvironment({
      KAFKA_PROCESS_ROLES: 'broker,controller',
      KAFKA_NODE_ID: '1',
      KAFKA_CONTROLLER_QUORUM_VOTERS: '1@localhost:9093',
      KAFKA_LISTENERS: 'BROKER://:9092,CONTROLLER://:9093',
      KAFKA_ADVERTISED_LISTENERS: `BROKER://127.0.0.1:${port}`,
      KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT',
      KAFKA_INTER_BROKER_LISTENER_NAME: 'BROKER',
      KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
      KAFKA_AUTO_CREATE_TOPICS_ENABLE: 'false',
      KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: '1',
      KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: '1',
      KAFKA_TRANSACTION_STATE_LOG_MIN_ISR: '1',
      KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: '0',
    })
    .withWaitStrategy(Wait.forLogMessage(/Kafka Server started/))
    .start();
  const broker = `127.0.0.1:${port}`;
  return {
    brokers: [broker],
    origin: 'container',
    stop: async () => {
      await container.stop({ remove: false });
    },
    start: async () => {
      await container.restart();
      while (!(await answersKafka(broker))) await new Promise((resolve) => setTimeout(resolve, 100));
    },
    [Symbol.asyncDispose]: async () => {
      await container.stop({ remove: true, removeVolumes: true });
    },
  };
}

import { dockerAnswers, kafkaContainer } from './kafka-container.ts';
import { kafkaJars } from './kafka-jars.ts';
import { kafkaProcess } from './kafka-process.ts';

/** A real broker; `stop` and `start` keep its data and its port, which is what an outage looks like to clients. */
export interface TestKafka extends AsyncDisposable {
  readonly brokers: string[];
  readonly origin: 'given' | 'container' | 'jars';
  /** Stops the broker; `kill` leaves it no time to say goodbye. */
  stop(how?: 'stop' | 'kill'): Promise<void>;
  start(): Promise<void>;
}

/**
 * A Kafka broker for tests: the one of GABION_TEST_KAFKA, else a container where a Docker engine answers and has the
 * image, else Apache Kafka's jars. `ownBroker` passes over the given one, for suites that stop and start theirs.
 */
export async function kafkaForTests(options: { ownBroker?: boolean } = {}): Promise<TestKafka | { skipped: string }> {
  const given = process.env.GABION_TEST_KAFKA;
  if (given && !options.ownBroker) return givenKafka(given.split(','));
  if (await dockerAnswers()) {
    const container = await kafkaContainer().catch(() => undefined);
    // An engine without a way to its images is as good as none.
    if (container) return container;
  }
  const fetched = await kafkaJars();
  return 'skipped' in fetched ? fetched : kafkaProcess(fetched.jars);
}

function givenKafka(brokers: string[]): TestKafka {
  const refuse = async () => {
    throw new Error('the broker of GABION_TEST_KAFKA is shared: ask kafkaForTests({ ownBroker: true })');
  };
  return { brokers, origin: 'given', stop: refuse, start: refuse, [Symbol.asyncDispose]: async () => {} };
}

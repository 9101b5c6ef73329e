import { kafkaForTests } from '@gabion/testkit/kafka';
import { describe, it } from '@jest/globals';
import { busConformance } from './bus.conformance.ts';
import type { Transport } from './site.ts';

const kafka = await kafkaForTests({ ownBroker: true });

if ('skipped' in kafka) {
  describe('bus over Kafka', () => it.skip(kafka.skipped, () => {}));
} else {
  busConformance(
    `Kafka (${kafka.origin})`,
    async (): Promise<Transport> => ({
      config: () => ({ kind: 'kafka', brokers: kafka.brokers }),
      interrupt: async (_site, forMs) => {
        await kafka.stop();
        await new Promise((resolve) => setTimeout(resolve, forMs));
        await kafka.start();
      },
      [Symbol.asyncDispose]: () => kafka[Symbol.asyncDispose](),
    }),
  );
}

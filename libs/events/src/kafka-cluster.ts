import type { Logger } from '@gabion/telemetry/log';
import kafkajs, { type Admin, type Kafka, type LogEntry } from 'kafkajs';
import type { BusConfig } from './bus.ts';
import { calmIdleQueue } from './kafkajs-idle.ts';

export type KafkaConfig = BusConfig & { readonly kind: 'kafka' };

const repeatAfterMs = 60_000;

/** A topic to be, as the contract has it. */
export interface WantedTopic {
  readonly name: string;
  readonly partitions: number;
  readonly retentionDays: number;
}

/** The Kafka that the bus runs on: clients that share their settings, and topics made when first needed. */
export class KafkaCluster implements AsyncDisposable {
  readonly kafka: Kafka;
  readonly #maxEventBytes: number;
  readonly #existing = new Set<string>();
  #admin: Promise<Admin> | undefined;

  constructor(config: KafkaConfig, service: string, log: Logger, maxEventBytes: number) {
    calmIdleQueue();
    this.#maxEventBytes = maxEventBytes;
    this.kafka = new kafkajs.Kafka({
      clientId: `gabion-${service}`,
      brokers: [...config.brokers],
      ...(config.ssl !== undefined && { ssl: tlsOf(config.ssl) }),
      ...(config.sasl && { sasl: config.sasl }),
      connectionTimeout: 3_000,
      requestTimeout: 30_000,
      // Short here, because every user of the client tries for ever with pauses of its own.
      retry: { initialRetryTime: 100, maxRetryTime: 2_000, retries: 3 },
      logLevel: kafkajs.logLevel.WARN,
      logCreator: () => boundedLog(log),
    });
  }

  /** Makes the topic unless it exists; its partitions and retention are then left as they are. */
  async ensureTopic({ name, partitions, retentionDays }: WantedTopic): Promise<void> {
    if (this.#existing.has(name)) return;
    await this.#withAdmin(async (admin) => {
      await admin.createTopics({
        waitForLeaders: true,
        topics: [
          {
            topic: name,
            numPartitions: partitions,
            // The broker's own default.
            replicationFactor: -1,
            configEntries: [
              { name: 'cleanup.policy', value: 'delete' },
              { name: 'retention.ms', value: `${retentionDays * 24 * 3_600_000}` },
              // A batch of the relay holds up to one limit of events and then one more event.
              { name: 'max.message.bytes', value: `${2 * this.#maxEventBytes + 128 * 1024}` },
            ],
          },
        ],
      });
    });
    this.#existing.add(name);
  }

  /** First and next offset of each partition. */
  offsets(topic: string): Promise<{ partition: number; low: bigint; high: bigint }[]> {
    return this.#withAdmin(async (admin) => {
      const offsets = await admin.fetchTopicOffsets(topic);
      return offsets.map(({ partition, low, high }) => ({ partition, low: BigInt(low), high: BigInt(high) }));
    });
  }

  /** The first offset of each partition at `time` or later. */
  offsetsAt(topic: string, time: Date): Promise<{ partition: number; offset: bigint }[]> {
    return this.#withAdmin(async (admin) => {
      const offsets = await admin.fetchTopicOffsetsByTimestamp(topic, time.getTime());
      return offsets.map(({ partition, offset }) => ({ partition, offset: BigInt(offset) }));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const admin = await this.#admin?.catch(() => undefined);
    await admin?.disconnect().catch(() => {});
  }

  async #withAdmin<T>(work: (admin: Admin) => Promise<T>): Promise<T> {
    this.#admin ??= this.#connectAdmin();
    const connecting = this.#admin;
    try {
      return await work(await connecting);
    } catch (error) {
      if (this.#admin === connecting) this.#admin = undefined;
      void connecting.then((admin) => admin.disconnect()).catch(() => {});
      throw error;
    }
  }

  async #connectAdmin(): Promise<Admin> {
    const admin = this.kafka.admin();
    await admin.connect();
    return admin;
  }
}

function tlsOf(ssl: NonNullable<KafkaConfig['ssl']>) {
  if (typeof ssl === 'boolean') return ssl;
  return { ca: [ssl.ca], ...(ssl.cert && { cert: ssl.cert }), ...(ssl.key && { key: ssl.key }) };
}

/** kafkajs says the same thing several times a second while a broker is away; each message is logged once a minute. */
function boundedLog(log: Logger): (entry: LogEntry) => void {
  const last = new Map<string, number>();
  return ({ namespace, level, log: { message, timestamp: _, ...fields } }) => {
    const kind = `${namespace} ${message.replace(/\d+/g, '#').slice(0, 60)}`;
    const now = Date.now();
    if ((last.get(kind) ?? 0) + repeatAfterMs > now || last.size > 1_000) return;
    last.set(kind, now);
    const { stack: __, ...said } = fields;
    // Connections report every answer that says no, which the one who asked deals with.
    const isNews =
      level <= kafkajs.logLevel.WARN && namespace !== 'Connection' && !message.startsWith('Limiting retries');
    const write = isNews ? log.warn.bind(log) : log.debug.bind(log);
    write({ ...said, client: namespace }, `kafka: ${message}`);
  };
}

import type { DescMessage, MessageShape } from '@bufbuild/protobuf';
import type { Database, Tx } from '@gabion/postgres/database';
import type { Logger } from '@gabion/telemetry/log';
import type { SASLOptions } from 'kafkajs';

/** One event as a handler gets it; `attempt` counts from 1. */
export interface Event<M> {
  readonly id: string;
  readonly topic: string;
  readonly key: string;
  readonly time: Date;
  /** CloudEvents `source`: `/gabion/<service>`. */
  readonly source: string;
  readonly traceparent?: string;
  readonly message: M;
  readonly attempt: number;
  readonly partition: number;
  /** `seq` in the embedded log, offset in Kafka: what `replay` takes as `offset`. */
  readonly position: bigint;
}

/** What a group does with the events of one type. */
export interface Subscription<D extends DescMessage> {
  /** Groups are independent of each other; the replicas of one share the partitions of the topic. */
  readonly group: string;
  readonly schema: D;
  /** Its effects go through `tx`, and are committed together with the fact that the event was handled. */
  handle(event: Event<MessageShape<D>>, tx: Tx): Promise<void>;
  /** Attempts before the event goes to the dead-letter topic; 8 unless told. */
  readonly maxAttempts?: number;
  /** Where a group that does not exist yet begins; `earliest` unless told. */
  readonly from?: 'earliest' | 'latest';
  /** Events handled in one transaction at most; 100 unless told. */
  readonly batch?: number;
  /** Pause before the second attempt, doubled for each further one up to `mostMs`; 1 s and 5 min unless told. */
  readonly backoff?: { readonly firstMs: number; readonly mostMs: number };
}

/** A running subscription; disposing waits for the transaction at hand. */
export interface Consumer extends AsyncDisposable {
  /** What the whole group has still to handle; parked events are not in it. */
  lag(): Promise<Lag>;
}

export interface Lag {
  readonly events: number;
  readonly oldestAgeMs: number;
}

/** Where a replay begins: at the first event of that time or later, or at a position of one or all partitions. */
export type ReplayFrom =
  | { readonly time: Date }
  | {
      readonly offset: bigint;
      readonly partition?: number;
      /** The service whose log is meant, for a topic that several publish to on the embedded bus. */
      readonly log?: string;
    };

/** An event that no attempt could handle. */
export interface DeadLetter {
  readonly ordinal: bigint;
  readonly id: string;
  readonly topic: string;
  readonly key: string;
  readonly reason: string;
  readonly attempts: number;
  readonly time: Date;
  readonly body: Uint8Array;
}

/** The port to the event bus, the same over Kafka and over the embedded log. */
export interface Bus extends AsyncDisposable {
  consume<D extends DescMessage>(subscription: Subscription<D>): Promise<Consumer>;
  /** Moves the group back: its handler runs again for everything from there on. */
  replay(group: string, schema: DescMessage, from: ReplayFrom): Promise<void>;
  /** The group's dead letters, oldest first; pages by the `ordinal` of the last one. */
  deadLetters(group: string, schema: DescMessage, page?: { after?: bigint; limit?: number }): Promise<DeadLetter[]>;
  /** Sends dead letters (all of the group, or those named by event id) back to the handler; answers how many. */
  redrive(group: string, schema: DescMessage, ids?: readonly string[]): Promise<number>;
}

export type BusConfig =
  | {
      readonly kind: 'kafka';
      readonly brokers: readonly string[];
      readonly ssl?: boolean | { readonly ca: string; readonly cert?: string; readonly key?: string };
      readonly sasl?: SASLOptions;
    }
  | {
      readonly kind: 'postgres';
      /** Service → URL of its database, for a role that may read `events.log`. */
      readonly logs: Readonly<Record<string, string>>;
    };

/** Bounds; every one has a default that suits production. */
export interface BusLimits {
  /** Largest body in bytes; 1 MiB. The topics of Kafka are created to hold it. */
  readonly maxEventBytes?: number;
  /** Events that may wait in the outbox for Kafka before `publish` refuses; 1,000,000. */
  readonly maxOutboxEvents?: number;
  /** Parked events of a group above which it takes no new ones; 10,000. */
  readonly maxParkedEvents?: number;
  /** How long shipped rows stay in the outbox with Kafka; 1 h. */
  readonly keepShippedMs?: number;
  /** Pause between two runs of the janitor; 10 min. */
  readonly janitorIntervalMs?: number;
}

export interface BusOptions {
  /** Owner of `db`, and the source of what is published there. */
  readonly service: string;
  readonly db: Database;
  readonly config: BusConfig;
  readonly log: Logger;
  readonly limits?: BusLimits;
}

/** Migrates the schema `events` of `db` and opens the bus; a Kafka or a log that is not there yet is waited for. */
export async function openBus(options: BusOptions): Promise<Bus> {
  const { migrateEvents } = await import('./schema.ts');
  await migrateEvents(options.db);
  if (options.config.kind === 'postgres') {
    const { EmbeddedBus } = await import('./embedded-bus.ts');
    return EmbeddedBus.open(options, options.config);
  }
  // kafkajs is loaded only where there is a Kafka.
  const { KafkaBus } = await import('./kafka-bus.ts');
  return KafkaBus.open(options, options.config);
}

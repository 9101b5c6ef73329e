import { randomUUID } from 'node:crypto';
import { create, type DescMessage, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { type Topic, topicOf } from '@gabion/contracts/topics';
import type { Tx } from '@gabion/postgres/database';
import { traceparent } from '@gabion/telemetry/tracing';
import { sql } from 'kysely';
import { published } from './event-metrics.ts';
import { EventsError } from './events-error.ts';
import { outboxOf } from './outbox.ts';
import { partitionOf } from './partition.ts';

export interface PublishOptions {
  /** The publishing service; that of the bus opened on the database unless told. */
  readonly source?: string;
}

/**
 * Writes an event in the caller's transaction: it exists if and only if that commits. Refuses a body or a key over its limit
 * (`event_too_large`), a topic of another service (`not_the_owner`), and with Kafka away for too long everything
 * (`outbox_full`).
 */
export async function publish<D extends DescMessage>(
  tx: Tx,
  schema: D,
  message: MessageInitShape<D>,
  options?: PublishOptions,
): Promise<{ id: string }> {
  const [event] = await publishAll(tx, schema, [message], options);
  return event!;
}

/** Writes many events of one type in one statement, in the order given. */
export async function publishAll<D extends DescMessage>(
  tx: Tx,
  schema: D,
  messages: readonly MessageInitShape<D>[],
  options: PublishOptions = {},
): Promise<{ id: string }[]> {
  if (messages.length === 0) return [];
  const topic = cachedTopicOf(schema);
  const outbox = outboxOf(tx);
  const service = options.source ?? outbox?.service;
  if (!service) throw new EventsError('source_unknown', 'open a bus on this database or name the source');
  if (topic.owner !== '*' && topic.owner !== service) {
    throw new EventsError('not_the_owner', `${topic.name} is published by ${topic.owner}, not by ${service}`);
  }
  if (outbox?.isFull) throw new EventsError('outbox_full', 'too many events wait for Kafka, which does not take them');
  const rows = messages.map((message) => toRow(schema, topic, message, outbox?.maxEventBytes ?? 1024 * 1024));
  const parent = traceparent();
  const headers = parent ? JSON.stringify({ traceparent: parent }) : '{}';
  await insert(tx, topic.name, { type: schema.typeName, source: `/gabion/${service}`, headers }, rows);
  tx.afterCommit(() => {
    published.inc({ topic: topic.name }, rows.length);
    outbox?.committed(topic.name);
  });
  return rows.map(({ id }) => ({ id }));
}

/** A key is indexed, and travels twice in a Kafka record. */
const maxKeyBytes = 1_024;

interface Row {
  readonly id: string;
  readonly key: string;
  readonly partition: number;
  readonly body: Buffer;
}

function toRow<D extends DescMessage>(schema: D, topic: Topic, init: MessageInitShape<D>, maxBytes: number): Row {
  const message = create(schema, init);
  const body = toBinary(schema, message);
  if (body.length > maxBytes) {
    throw new EventsError('event_too_large', `${schema.typeName} of ${body.length} bytes is over ${maxBytes}`);
  }
  const key = String((message as unknown as Record<string, unknown>)[topic.key]);
  if (Buffer.byteLength(key) > maxKeyBytes) {
    throw new EventsError('event_too_large', `the key of a ${schema.typeName} is over ${maxKeyBytes} bytes`);
  }
  return {
    id: randomUUID(),
    key,
    partition: partitionOf(key, topic.partitions),
    body: Buffer.from(body.buffer, body.byteOffset, body.length),
  };
}

async function insert(
  tx: Tx,
  topic: string,
  { type, source, headers }: { type: string; source: string; headers: string },
  rows: readonly Row[],
): Promise<void> {
  const [only, ...more] = rows;
  if (only && more.length === 0) {
    await sql`insert into events.log (topic, partition, key, id, type, source, body, headers)
      values (${topic}, ${only.partition}, ${only.key}, ${only.id}, ${type}, ${source}, ${only.body}, ${headers}::jsonb)`.execute(
      tx,
    );
    return;
  }
  const bodies = rows.map((row) => row.body);
  // Bodies go as one value, which travels as the bytes it is; an array of them would travel, and be parsed, as hex.
  // Numbers are given after the sort: the order of the messages is the order of the log.
  await sql`insert into events.log (topic, partition, key, id, type, source, body, headers)
    select ${topic}, partition, key, id, ${type}, ${source}, substring(${Buffer.concat(bodies)}::bytea from at for length),
      ${headers}::jsonb
    from unnest(${rows.map((row) => row.partition)}::int[], ${rows.map((row) => row.key)}::text[],
      ${rows.map((row) => row.id)}::uuid[], ${starts(bodies)}::int[], ${bodies.map((body) => body.length)}::int[])
      with ordinality as row (partition, key, id, at, length, nth)
    order by nth`.execute(tx);
}

/** Where each body begins in all of them, counted from 1. */
function starts(bodies: readonly Buffer[]): number[] {
  let next = 1;
  return bodies.map(({ length }) => {
    const start = next;
    next += length;
    return start;
  });
}

const topics = new WeakMap<DescMessage, Topic>();

/** What the contract says of the topic, read once per type. */
export function cachedTopicOf(schema: DescMessage): Topic {
  const known = topics.get(schema);
  if (known) return known;
  const topic = topicOf(schema);
  topics.set(schema, topic);
  return topic;
}

import { type DescMessage, fromBinary, type MessageShape } from '@bufbuild/protobuf';
import type { Event } from './bus.ts';

/** An event as a log holds it: the CloudEvents 1.0 attributes, the body as protobuf, and where it stands. */
export interface StoredEvent {
  readonly id: string;
  readonly topic: string;
  readonly key: string;
  readonly partition: number;
  /** `seq` of the log, or the offset in Kafka. */
  readonly position: bigint;
  readonly type: string;
  /** CloudEvents `source`, `/gabion/<service>`. */
  readonly source: string;
  readonly time: Date;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

export interface Headers {
  readonly traceparent?: string;
  /** Of a dead letter: what the last attempt died of, the group, and the number of attempts. */
  readonly reason?: string;
  readonly group?: string;
  readonly attempts?: string;
}

/** The event as a handler gets it; throws when the body is not a message of the type. */
export function decode<D extends DescMessage>(schema: D, stored: StoredEvent, attempt: number): Event<MessageShape<D>> {
  const { id, topic, key, partition, position, time, source, headers } = stored;
  if (stored.type !== schema.typeName) throw new Error(`topic ${topic} holds ${stored.type}, not ${schema.typeName}`);
  const message = fromBinary(schema, stored.body);
  const { traceparent } = headers;
  return { id, topic, key, partition, position, time, source, ...(traceparent && { traceparent }), message, attempt };
}

/** All but the body, for a JSON column. */
export function attributesToJson({ body: _, ...attributes }: StoredEvent): string {
  return JSON.stringify({ ...attributes, position: `${attributes.position}` });
}

/** The event again from its two columns. */
export function fromAttributes(
  attributes: Omit<StoredEvent, 'body' | 'position' | 'time'> & { position: string; time: string },
  body: Uint8Array,
): StoredEvent {
  return { ...attributes, position: BigInt(attributes.position), time: new Date(attributes.time), body };
}

/** The topic where events of `topic` end that no attempt could handle. */
export function deadLetterTopic(topic: string): string {
  return `${topic}${deadLetterSuffix}`;
}

export function isDeadLetterTopic(topic: string): boolean {
  return topic.endsWith(deadLetterSuffix);
}

const deadLetterSuffix = '.dead-letter';

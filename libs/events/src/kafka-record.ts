import type { KafkaMessage, Message } from 'kafkajs';
import type { Headers, StoredEvent } from './event.ts';

/** The event as a Kafka record: CloudEvents 1.0 Kafka protocol binding, binary content mode. */
export function toRecord(event: StoredEvent): Message {
  const { id, type, source, time, key, body, headers } = event;
  return {
    key,
    value: Buffer.from(body),
    timestamp: `${time.getTime()}`,
    headers: {
      ce_specversion: '1.0',
      ce_id: id,
      ce_type: type,
      ce_source: source,
      ce_time: time.toISOString(),
      ce_subject: key,
      'content-type': 'application/protobuf',
      ...headers,
    },
  };
}

/** The reverse; what foreign producers leave out gets a value that makes the decoder refuse it. */
export function fromRecord(topic: string, partition: number, message: KafkaMessage): StoredEvent {
  const text = (name: string) => message.headers?.[name]?.toString();
  const names = ['traceparent', 'reason', 'group', 'attempts'] as const;
  const headers: Headers = Object.fromEntries(names.flatMap((name) => (text(name) ? [[name, text(name)]] : [])));
  return {
    id: text('ce_id') ?? absentId(partition, message.offset),
    topic,
    key: message.key?.toString() ?? '',
    partition,
    position: BigInt(message.offset),
    type: text('ce_type') ?? '',
    source: text('ce_source') ?? '',
    time: new Date(text('ce_time') ?? Number(message.timestamp)),
    headers,
    body: message.value ?? new Uint8Array(),
  };
}

/** A UUID (version 8) made of where the record stands, for one that carries none. */
function absentId(partition: number, offset: string): string {
  const high = partition.toString(16).padStart(8, '0');
  return `${high}-0000-8000-8000-${BigInt(offset).toString(16).padStart(12, '0').slice(-12)}`;
}

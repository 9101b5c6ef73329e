import type { Database, Tx } from '@gabion/postgres/database';
import { sql } from 'kysely';
import type { DeadLetter } from './bus.ts';
import { attributesToJson, deadLetterTopic, fromAttributes, type StoredEvent } from './event.ts';

type Attributes = Parameters<typeof fromAttributes>[0];

/** An event that waits for its next attempt. */
export interface ParkedEvent {
  readonly ordinal: string;
  readonly stored: StoredEvent;
  readonly attempts: number;
  /** What the last attempt died of. */
  readonly reason: string;
}

const longestReason = 2_000;

/** The parked events and dead letters of one group and topic. */
export class Parked {
  readonly #group: string;
  readonly #topic: string;

  constructor(group: string, topic: string) {
    this.#group = group;
    this.#topic = topic;
  }

  /** Which of `keys` have events waiting, so that later ones have to wait behind them. */
  async keysAmong(tx: Tx, keys: readonly string[]): Promise<Set<string>> {
    const { rows } = await sql<{ key: string }>`select distinct key from events.parked
      where grp = ${this.#group} and topic = ${this.#topic} and key = any(${[...new Set(keys)]}::text[])`.execute(tx);
    return new Set(rows.map((row) => row.key));
  }

  /** Parks an event: after an attempt failed, or with no attempts behind those of its key. */
  async park(tx: Tx, stored: StoredEvent, failure?: { reason: string; delayMs: number }): Promise<void> {
    await sql`insert into events.parked (grp, topic, key, event, body, attempts, next_at, reason)
      values (${this.#group}, ${this.#topic}, ${stored.key}, ${attributesToJson(stored)}::jsonb, ${Buffer.from(stored.body)},
        ${failure ? 1 : 0}, now() + ${(failure?.delayMs ?? 0) / 1000} * interval '1 second',
        ${(failure?.reason ?? '').slice(0, longestReason)})`.execute(tx);
  }

  async count(db: Database): Promise<number> {
    const { rows } = await sql<{ count: string }>`select count(*) from events.parked
      where grp = ${this.#group} and topic = ${this.#topic}`.execute(db.kysely);
    return Number(rows[0]!.count);
  }

  /** The first event of each key, if its time has come, and when the next one's comes. */
  async due(db: Database, limit: number): Promise<{ ordinals: string[]; nextInMs: number | undefined }> {
    const { rows } = await sql<{ ordinal: string; in_ms: string }>`
      select ordinal, extract(epoch from next_at - clock_timestamp()) * 1000 as in_ms from (
        select distinct on (key) ordinal, next_at from events.parked
        where grp = ${this.#group} and topic = ${this.#topic} order by key, ordinal
      ) heads order by next_at limit ${limit}`.execute(db.kysely);
    const due = rows.filter((row) => Number(row.in_ms) <= 0);
    return {
      ordinals: due.map((row) => row.ordinal),
      nextInMs: rows.length > due.length ? Number(rows[due.length]!.in_ms) : undefined,
    };
  }

  /** Takes one parked event for the length of the transaction; undefined when another replica has it or had it. */
  async take(tx: Tx, ordinal: string): Promise<ParkedEvent | undefined> {
    const { rows } = await sql<{ event: Attributes; body: Buffer; attempts: number; reason: string }>`
      select event, body, attempts, reason from events.parked
      where ordinal = ${ordinal}::bigint and next_at <= clock_timestamp() for update skip locked`.execute(tx);
    const row = rows[0];
    return row && { ordinal, stored: fromAttributes(row.event, row.body), attempts: row.attempts, reason: row.reason };
  }

  async handled(tx: Tx, { ordinal }: ParkedEvent): Promise<void> {
    await sql`delete from events.parked where ordinal = ${ordinal}::bigint`.execute(tx);
  }

  async failedAgain(tx: Tx, { ordinal }: ParkedEvent, reason: string, delayMs: number): Promise<void> {
    await sql`update events.parked set attempts = attempts + 1, reason = ${reason.slice(0, longestReason)},
        next_at = clock_timestamp() + ${delayMs / 1000} * interval '1 second'
      where ordinal = ${ordinal}::bigint`.execute(tx);
  }

  /** Moves an event that no attempt could handle to the dead letters and onto the dead-letter topic. */
  async giveUp(tx: Tx, { ordinal, stored, attempts }: ParkedEvent, reason: string): Promise<void> {
    await sql`delete from events.parked where ordinal = ${ordinal}::bigint`.execute(tx);
    await this.deadLetter(tx, stored, attempts, reason);
  }

  /** Adds an event to the dead letters and to the dead-letter topic. */
  async deadLetter(tx: Tx, stored: StoredEvent, attempts: number, reason: string): Promise<void> {
    const why = reason.slice(0, longestReason);
    await sql`insert into events.dead_letters (grp, topic, key, event, body, attempts, reason)
      values (${this.#group}, ${this.#topic}, ${stored.key}, ${attributesToJson(stored)}::jsonb,
        ${Buffer.from(stored.body)}, ${attempts}, ${why})`.execute(tx);
    const headers = { ...stored.headers, reason: why, group: this.#group, attempts: `${attempts}` };
    await sql`insert into events.log (topic, partition, key, id, type, source, body, headers)
      values (${deadLetterTopic(this.#topic)}, ${stored.partition}, ${stored.key}, ${stored.id}, ${stored.type},
        ${stored.source}, ${Buffer.from(stored.body)}, ${JSON.stringify(headers)}::jsonb)`.execute(tx);
  }

  async deadLetters(
    db: Database,
    { after = 0n, limit = 100 }: { after?: bigint; limit?: number },
  ): Promise<DeadLetter[]> {
    const { rows } = await sql<{
      ordinal: string;
      event: Attributes;
      body: Buffer;
      attempts: number;
      reason: string;
      time: Date;
    }>`
      select ordinal, event, body, attempts, reason, time from events.dead_letters
      where grp = ${this.#group} and topic = ${this.#topic} and ordinal > ${after}::bigint
      order by ordinal limit ${limit}`.execute(db.kysely);
    return rows.map(({ ordinal, event, body, attempts, reason, time }) => {
      const { id, topic, key } = event;
      return { ordinal: BigInt(ordinal), id, topic, key, reason, attempts, time, body };
    });
  }

  /** Dead letters become parked events that are due, with all their attempts before them. */
  async redrive(tx: Tx, ids: readonly string[] | undefined): Promise<number> {
    const { rows } = await sql`
      with taken as (
        delete from events.dead_letters where grp = ${this.#group} and topic = ${this.#topic}
          and (${ids === undefined} or event->>'id' = any(${ids ?? []}::text[]))
        returning ordinal, key, event, body
      )
      insert into events.parked (grp, topic, key, event, body, attempts, next_at)
      select ${this.#group}, ${this.#topic}, key, event, body, 0, now() from taken order by ordinal
      returning 1`.execute(tx);
    return rows.length;
  }

  /** Dead letters go into the log once more, for every group; of those the relay could not ship. */
  async republish(tx: Tx, ids: readonly string[] | undefined): Promise<number> {
    const { rows } = await sql`
      with taken as (
        delete from events.dead_letters where grp = ${this.#group} and topic = ${this.#topic}
          and (${ids === undefined} or event->>'id' = any(${ids ?? []}::text[]))
        returning ordinal, key, event, body
      )
      insert into events.log (topic, partition, key, id, type, source, body, headers)
      select ${this.#topic}, (event->>'partition')::int, key, (event->>'id')::uuid, event->>'type', event->>'source', body,
        event->'headers'
      from taken order by ordinal
      returning 1`.execute(tx);
    return rows.length;
  }
}

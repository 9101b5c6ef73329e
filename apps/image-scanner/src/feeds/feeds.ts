import type { AdvisoryFormat } from '@gabion/advisories/advisory';
import type { Database, Tx } from '@gabion/postgres/database';
import { Fault } from '@gabion/rpc/fault';
import { sql } from 'kysely';
import { removeSource } from '../advisories.ts';
import { showChangedAdvisories } from '../judging-gate.ts';
import type { BuiltInFeed } from './built-in.ts';
import type { Feed } from './feed.ts';
import type { FeedFailure } from './feed-failure.ts';
import type { Validators } from './fetching.ts';

/** What a caller may set of a feed. */
export interface FeedSettings {
  readonly name: string;
  readonly urls: readonly string[];
  readonly format: AdvisoryFormat | undefined;
  readonly intervalMs: number | undefined;
  readonly isDisabled: boolean;
}

export const defaultIntervalMs = 6 * 3_600_000;
const maxFeeds = 500;
/** The built-in feeds of a new installation are not all asked for in the same moment. */
const firstSpreadMs = 60_000;
/** Who fetches a feed gives a sign of life; without one another replica may take it. */
export const leaseMs = 60_000;

interface Row {
  readonly name: string;
  readonly urls: string[] | null;
  readonly format: AdvisoryFormat | null;
  readonly interval_ms: string | null;
  readonly disabled: boolean;
  readonly attempt_time: Date | null;
  readonly success_time: Date | null;
  readonly next_attempt_time: Date;
  readonly error_code: string | null;
  readonly error_message: string | null;
  readonly failures: number;
  readonly bytes_fetched: string;
  readonly validators: Validators;
  readonly is_fetching: boolean;
  readonly ecosystems: string[] | null;
}

/** The feeds: those that come with Gabion, as they were changed, and those that were added. */
export class Feeds {
  constructor(
    private readonly db: Database,
    private readonly builtIn: readonly BuiltInFeed[],
    /** Names this process among those that fetch. */
    private readonly holder: string,
  ) {}

  /** Makes the built-in feeds known. */
  async begin(): Promise<void> {
    await sql`
      insert into feeds (name, disabled, next_attempt_time)
      select name, not is_default, now() + random() * ${firstSpreadMs} * interval '1 millisecond'
      from unnest(${this.builtIn.map(({ name }) => name)}::text[],
        ${this.builtIn.map(({ isDefault }) => isDefault)}::boolean[]) as listed (name, is_default)
      on conflict (name) do nothing`.execute(this.db.kysely);
  }

  async list(): Promise<Feed[]> {
    const { rows } = await selectFeeds(sql`true`).execute(this.db.kysely);
    // One of an older version's list, of which nothing was set, is none any more.
    return rows.map((row) => this.#feed(row)).filter(({ urls }) => urls.length > 0);
  }

  async get(name: string): Promise<Feed> {
    const found = (await selectFeeds(sql`feeds.name = ${name}`).execute(this.db.kysely)).rows[0];
    const feed = found && this.#feed(found);
    if (!feed || feed.urls.length === 0)
      throw new Fault('not_found', `there is no feed ${name}`, { code: 'feed_not_found' });
    return feed;
  }

  async put(tx: Tx, { name, urls, format, intervalMs, isDisabled }: FeedSettings): Promise<void> {
    const known = this.builtIn.find((each) => each.name === name);
    // What is as in the list stays bound to the list, which a later version may change.
    const isOwn = known === undefined || JSON.stringify(known.urls) !== JSON.stringify(urls);
    const { rows } = await sql<{ n: string }>`select count(*) as n from feeds where name <> ${name}`.execute(tx);
    if (Number(rows[0]!.n) >= maxFeeds)
      throw new Fault('resource_exhausted', `there are ${maxFeeds} feeds at most`, { code: 'too_many_feeds' });
    await sql`
      insert into feeds (name, urls, format, interval_ms, disabled, next_attempt_time)
      values (${name}, ${isOwn ? [...urls] : null}::text[], ${format ?? null}, ${intervalMs ?? null}, ${isDisabled}, now())
      on conflict (name) do update set
        urls = excluded.urls, format = excluded.format, interval_ms = excluded.interval_ms, disabled = excluded.disabled,
        next_attempt_time = case when feeds.urls is distinct from excluded.urls or feeds.disabled then now()
          else feeds.next_attempt_time end`.execute(tx);
  }

  /** Deletes a feed with all that its source holds. */
  async delete(tx: Tx, name: string): Promise<void> {
    if (this.builtIn.some((each) => each.name === name))
      throw new Fault('failed_precondition', `${name} comes with Gabion: disable it instead`, {
        code: 'feed_built_in',
      });
    const { numAffectedRows } = await sql`delete from feeds where name = ${name}`.execute(tx);
    if (numAffectedRows !== 1n) throw new Fault('not_found', `there is no feed ${name}`, { code: 'feed_not_found' });
    await removeSource(tx, name);
    await showChangedAdvisories(tx);
  }

  /** Names of the feeds whose time has come, most overdue first. */
  async due(): Promise<string[]> {
    const { rows } = await sql<{ name: string }>`
      select name from feeds
      where not disabled and next_attempt_time <= now() and (lease_until is null or lease_until < now())
      order by next_attempt_time`.execute(this.db.kysely);
    return rows.map(({ name }) => name);
  }

  /** Takes a feed for this process; false while another one has it. */
  async claim(name: string): Promise<boolean> {
    const { numAffectedRows } = await sql`
      update feeds set leased_by = ${this.holder}, lease_until = now() + ${leaseMs} * interval '1 millisecond',
        attempt_time = now()
      where name = ${name} and (lease_until is null or lease_until < now())`.execute(this.db.kysely);
    return numAffectedRows === 1n;
  }

  /** Gives a sign of life; false when the feed has gone to another process or was deleted. */
  async renew(name: string): Promise<boolean> {
    const { numAffectedRows } = await sql`
      update feeds set lease_until = now() + ${leaseMs} * interval '1 millisecond'
      where name = ${name} and leased_by = ${this.holder}`.execute(this.db.kysely);
    return numAffectedRows === 1n;
  }

  /** Lets go of a feed without a word on how it went: this process stops. */
  async release(name: string): Promise<void> {
    await sql`
      update feeds set leased_by = null, lease_until = null
      where name = ${name} and leased_by = ${this.holder}`.execute(this.db.kysely);
  }

  /** Ends an attempt well, in the transaction that shows the import where there is one. */
  async succeed(
    db: Pick<Tx, 'getExecutor'>,
    name: string,
    outcome: { readonly validators?: Validators; readonly bytes: number; readonly nextInMs: number },
  ): Promise<void> {
    const { numAffectedRows } = await sql`
      update feeds set leased_by = null, lease_until = null, success_time = now(), failures = 0,
        error_code = null, error_message = null, bytes_fetched = ${outcome.bytes},
        validators = coalesce(${outcome.validators ? JSON.stringify(outcome.validators) : null}::jsonb, validators),
        next_attempt_time = now() + ${outcome.nextInMs} * interval '1 millisecond'
      where name = ${name} and leased_by = ${this.holder}`.execute(db);
    if (numAffectedRows !== 1n)
      throw new Fault('aborted', `${name} was taken by another replica`, { code: 'import_dropped' });
  }

  /** Ends an attempt that failed; what the source holds stays. */
  async fail(name: string, { code, message }: FeedFailure, nextInMs: number): Promise<void> {
    await sql`
      update feeds set leased_by = null, lease_until = null, failures = failures + 1,
        error_code = ${code}, error_message = ${message},
        next_attempt_time = now() + ${nextInMs} * interval '1 millisecond'
      where name = ${name} and leased_by = ${this.holder}`.execute(this.db.kysely);
  }

  /** Documents that are held of a feed, by name, with their validators. */
  async documents(name: string): Promise<Map<string, string>> {
    const { rows } = await sql<{ path: string; validator: string }>`
      select path, validator from feed_documents where source = ${name} and validator <> ''`.execute(this.db.kysely);
    return new Map(rows.map(({ path, validator }) => [path, validator]));
  }

  /** Numbers of documents, given where they have none; one that was not read yet holds nothing. */
  async documentIds(name: string, paths: readonly string[]): Promise<Map<string, number>> {
    await sql`
      insert into feed_documents (source, path, validator)
      select ${name}, path, '' from unnest(${[...paths]}::text[]) as path
      on conflict (source, path) do nothing`.execute(this.db.kysely);
    const { rows } = await sql<{ id: string; path: string }>`
      select id, path from feed_documents where source = ${name} and path = any(${[...paths]}::text[])`.execute(
      this.db.kysely,
    );
    return new Map(rows.map(({ id, path }) => [path, Number(id)]));
  }

  #feed(row: Row): Feed {
    const builtIn = this.builtIn.find(({ name }) => name === row.name);
    return {
      name: row.name,
      urls: row.urls ?? builtIn?.urls ?? [],
      ecosystem: builtIn?.ecosystem ?? null,
      format: row.format ?? (row.urls ? null : (builtIn?.format ?? null)),
      intervalMs: Number(row.interval_ms ?? builtIn?.intervalMs ?? defaultIntervalMs),
      isDisabled: row.disabled,
      isBuiltIn: builtIn !== undefined,
      isFetching: row.is_fetching,
      attemptTime: row.attempt_time,
      successTime: row.success_time,
      nextAttemptTime: row.next_attempt_time,
      error: row.error_code === null ? null : { code: row.error_code, message: row.error_message ?? '' },
      failures: row.failures,
      bytesFetched: Number(row.bytes_fetched),
      validators: row.validators,
      ecosystems: row.ecosystems ?? [],
    };
  }
}

function selectFeeds(condition: ReturnType<typeof sql>) {
  return sql<Row>`
    select feeds.name, urls, feeds.format, interval_ms, disabled, attempt_time, success_time, next_attempt_time,
      error_code, error_message, failures, bytes_fetched, validators, ecosystems,
      coalesce(lease_until > now(), false) as is_fetching
    from feeds left join advisory_sources on source = feeds.name
    where ${condition} order by feeds.name`;
}

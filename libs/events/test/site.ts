import { randomBytes } from 'node:crypto';
import {
  type AdvisoriesImported,
  AdvisoriesImportedSchema,
  ScanFailedSchema,
} from '@gabion/contracts/gabion/scan/v1/events_pb';
import { type Database, openDatabase, type Tx } from '@gabion/postgres/database';
import { createLog } from '@gabion/telemetry/log';
import { testDatabase } from '@gabion/testkit/postgres';
import { sql } from 'kysely';
import { type Bus, type BusConfig, type BusLimits, type Event, openBus, type Subscription } from '../src/bus.ts';
import { publish, publishAll } from '../src/publish.ts';

/** What a suite needs to know of a transport; `interrupt` takes it away for a while. */
export interface Transport extends AsyncDisposable {
  config(logs: Record<string, string>): BusConfig;
  interrupt(site: Site, forMs: number): Promise<void>;
}

export type Imported = Event<AdvisoriesImported>;

/** A publishing service and a consuming one, each with a database of its own, and the keys of one test. */
export class Site implements AsyncDisposable {
  readonly scanner: Database;
  readonly reader: Database;
  readonly config: BusConfig;
  readonly prefix = randomBytes(4).toString('hex');
  readonly #stack = new AsyncDisposableStack();

  static async open(transport: Transport): Promise<Site> {
    const [scanner, reader] = [await testDatabase({ database: true }), await testDatabase({ database: true })];
    const site = new Site(scanner.url, reader.url, transport);
    site.#stack.adopt(scanner, (each) => each[Symbol.asyncDispose]());
    site.#stack.adopt(reader, (each) => each[Symbol.asyncDispose]());
    site.#stack.use(site.scanner);
    site.#stack.use(site.reader);
    await sql`create table effects (id uuid, key text, n bigint, at bigserial)`.execute(site.reader.kysely);
    return site;
  }

  private constructor(scannerUrl: string, readerUrl: string, transport: Transport) {
    this.scanner = openDatabase(scannerUrl, { maxConnections: 12 });
    this.reader = openDatabase(readerUrl, { maxConnections: 12 });
    this.config = transport.config({ 'image-scanner': scannerUrl });
  }

  publisher(limits?: BusLimits): Promise<Bus> {
    return this.#bus('image-scanner', this.scanner, limits);
  }

  consumer(limits?: BusLimits): Promise<Bus> {
    return this.#bus('identity', this.reader, limits);
  }

  async #bus(service: string, db: Database, limits?: BusLimits): Promise<Bus> {
    const log = createLog({ service, level: process.env.GABION_TEST_LOG ?? 'fatal' });
    const bus = await openBus({ service, db, config: this.config, log, ...(limits && { limits }) });
    this.#stack.use(bus);
    return bus;
  }

  /** Publishes numbers under one key, in one transaction. */
  publish(key: string, ...numbers: number[]): Promise<void> {
    return this.scanner.transaction((tx) => this.publishIn(tx, key, ...numbers));
  }

  async publishIn(tx: Tx, key: string, ...numbers: number[]): Promise<void> {
    const events = numbers.map((n) => ({ source: `${this.prefix}-${key}`, advisoryCount: BigInt(n) }));
    await publishAll(tx, AdvisoriesImportedSchema, events);
  }

  /** Publishes one event with about `bytes` of noise, which no compression makes smaller than three quarters. */
  async publishLarge(key: string, bytes: number): Promise<void> {
    const message = randomBytes((bytes / 4) * 3).toString('base64');
    const event = { target: `${this.prefix}-${key}`, error: { code: 'large', message } };
    await this.scanner.transaction((tx) => publish(tx, ScanFailedSchema, event));
  }

  /** Writes an effect for each large event of this test. */
  largeEffects(group: string, options: { batch?: number; handle?: () => Promise<void> } = {}) {
    const { handle: first, ...rest } = options;
    return {
      group: `${group}-${this.prefix}`,
      schema: ScanFailedSchema,
      ...rest,
      handle: async ({ id, key }: { id: string; key: string }, tx: Tx) => {
        if (!key.startsWith(`${this.prefix}-`)) return;
        await first?.();
        await sql`insert into effects (id, key, n) values (${id}, ${key}, 0)`.execute(tx);
      },
    };
  }

  /** A subscription that writes an effect for each event of this test; `first` may refuse it or take its time. */
  effects(group: string, options: Partial<Subscription<typeof AdvisoriesImportedSchema>> = {}) {
    const { handle: first, ...rest } = options;
    return {
      group: `${group}-${this.prefix}`,
      schema: AdvisoriesImportedSchema,
      ...rest,
      handle: async (event: Imported, tx: Tx) => {
        if (!event.key.startsWith(`${this.prefix}-`)) return;
        await first?.(event, tx);
        await sql`insert into effects (id, key, n) values (${event.id}, ${event.key}, ${event.message.advisoryCount})`.execute(
          tx,
        );
      },
    };
  }

  /** The effects in the order they came about, by key without the prefix. */
  async effectsByKey(): Promise<Record<string, number[]>> {
    const { rows } = await sql<{ key: string; numbers: string[] }>`
      select substr(key, ${this.prefix.length + 2}) as key, array_agg(n order by at) as numbers from effects group by key`.execute(
      this.reader.kysely,
    );
    return Object.fromEntries(rows.map((row) => [row.key, row.numbers.map(Number)]));
  }

  async effectCount(): Promise<number> {
    const { rows } = await sql<{ count: string }>`select count(*) from effects`.execute(this.reader.kysely);
    return Number(rows[0]!.count);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

/** Resolves when `holds` does; fails after `withinMs` with what was last seen. */
export async function eventually(
  what: string,
  holds: () => Promise<boolean> | boolean,
  withinMs = 45_000,
): Promise<void> {
  const end = Date.now() + withinMs;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`not within ${withinMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export function range(count: number, from = 0): number[] {
  return Array.from({ length: count }, (_, index) => index + from);
}

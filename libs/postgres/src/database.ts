import { Kysely, PostgresDialect, type Transaction } from 'kysely';
import pg from 'pg';
import { Listener } from './listener.ts';
import { PostgresError } from './postgres-error.ts';
import { tracedPool } from './traced-pool.ts';

// Left open, `S` is any: a library that runs its own statements in a service's transaction does not know its tables,
// and Kysely's types are invariant in them.
/** A transaction; `afterCommit` runs a callback once it has been committed, never when it rolled back. */
// biome-ignore lint/suspicious/noExplicitAny: see above
export type Tx<S = any> = Transaction<S> & { afterCommit(run: () => void): void };

/** How a transaction runs: `retries` repeats the work after a serialization failure or a deadlock (default 0). */
export interface TransactionOptions {
  readonly isolation?: 'read committed' | 'repeatable read' | 'serializable';
  readonly retries?: number;
}

/** One database, its pool of connections and its one connection for notifications. */
// biome-ignore lint/suspicious/noExplicitAny: see above
export interface Database<S = any> extends AsyncDisposable {
  readonly kysely: Kysely<S>;
  readonly url: string;
  /** Runs `work` in a transaction: committed when it resolves, rolled back when it throws. */
  transaction<T>(work: (tx: Tx<S>) => Promise<T>, options?: TransactionOptions): Promise<T>;
  /** Hears NOTIFY on `channel`; after a lost connection it hears one empty payload, since something may have been missed. */
  listen(channel: string, heard: (payload: string) => void): Promise<AsyncDisposable>;
}

/** Times in milliseconds; `schema` becomes the search path. */
export interface DatabaseOptions {
  readonly maxConnections?: number;
  readonly schema?: string;
  readonly applicationName?: string;
  readonly statementTimeoutMs?: number;
  readonly connectTimeoutMs?: number;
}

/** Opens a pool on `url`; connects with the first query, so a server that is down is an error of that query. */
// biome-ignore lint/suspicious/noExplicitAny: see above
export function openDatabase<S = any>(url: string, options: DatabaseOptions = {}): Database<S> {
  const client = clientConfig(url, options);
  const pool = new pg.Pool({
    ...client,
    max: options.maxConnections ?? 10,
    idleTimeoutMillis: 30_000,
  });
  // Without a listener an idle connection that breaks, or one that breaks while it is checked out, would end the process;
  // the query that uses it next reports it.
  pool.on('error', () => {});
  pool.on('connect', (connection) => connection.on('error', () => {}));

  const kysely = new Kysely<S>({ dialect: new PostgresDialect({ pool: tracedPool(pool) }) });
  const listener = new Listener(client);
  return {
    kysely,
    url,
    transaction: (work, how) => transact(kysely, work, how),
    listen: (channel, heard) => listener.listen(channel, heard),
    [Symbol.asyncDispose]: async () => {
      await Promise.all([listener[Symbol.asyncDispose](), kysely.destroy()]);
    },
  };
}

function clientConfig(url: string, options: DatabaseOptions): pg.ClientConfig {
  const config: pg.ClientConfig = {
    connectionString: url,
    application_name: options.applicationName ?? 'gabion',
    connectionTimeoutMillis: options.connectTimeoutMs ?? 5_000,
    statement_timeout: options.statementTimeoutMs ?? 30_000,
    idle_in_transaction_session_timeout: 60_000,
    keepAlive: true,
  };
  if (options.schema === undefined) return config;
  const path = `-c search_path=${pg.escapeIdentifier(options.schema).replace(/([\\ ])/g, '\\$1')}`;
  // In the URL rather than beside it: what a connection string holds wins over the fields next to it.
  const scoped = new URL(url);
  const given = scoped.searchParams.get('options');
  scoped.searchParams.set('options', given ? `${given} ${path}` : path);
  return { ...config, connectionString: scoped.href };
}

async function transact<S, T>(
  kysely: Kysely<S>,
  work: (tx: Tx<S>) => Promise<T>,
  { isolation, retries = 0 }: TransactionOptions = {},
): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await attemptOnce(kysely, work, isolation);
    } catch (error) {
      const repeatable = error instanceof PostgresError && error.code === 'conflict';
      if (!repeatable || attempt >= retries) throw error;
      // Jitter, or two transactions that ran into each other would do it again.
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 20 * 2 ** attempt));
    }
  }
}

async function attemptOnce<S, T>(
  kysely: Kysely<S>,
  work: (tx: Tx<S>) => Promise<T>,
  isolation: TransactionOptions['isolation'],
): Promise<T> {
  const committed: (() => void)[] = [];
  let failure: { readonly reason: unknown } | undefined;
  const begin = kysely.transaction();
  try {
    const result = await (isolation ? begin.setIsolationLevel(isolation) : begin).execute(async (transaction) => {
      const tx = Object.assign(transaction, { afterCommit: (run: () => void) => void committed.push(run) });
      try {
        return await work(tx);
      } catch (reason) {
        failure = { reason };
        throw reason;
      }
    });
    for (const run of committed) run();
    return result;
  } catch (error) {
    // A ROLLBACK that fails as well must not hide why the work failed.
    throw failure ? failure.reason : error;
  }
}

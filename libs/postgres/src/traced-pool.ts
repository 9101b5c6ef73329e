import { SpanKind, type SpanOptions, span } from '@gabion/telemetry/tracing';
import type { PostgresPool, PostgresPoolClient } from 'kysely';
import type pg from 'pg';
import { typed } from './sql-state.ts';

/** The pool as Kysely sees it: every query is a span, and errors of the connection are typed. */
export function tracedPool(pool: pg.Pool): PostgresPool {
  const wrapped = new WeakMap<pg.PoolClient, PostgresPoolClient>();
  return {
    options: pool.options,
    end: () => pool.end(),
    async connect() {
      const client = await pool.connect().catch((error: unknown) => {
        throw typed(error, 'connect');
      });
      // Kysely remembers connections by identity: the same client must come back as the same wrapper.
      const known = wrapped.get(client);
      if (known) return known;
      const traced = tracedClient(client);
      wrapped.set(client, traced);
      return traced;
    },
  };
}

function tracedClient(client: pg.PoolClient): PostgresPoolClient {
  let commitFailure: unknown;
  const failure = (sql: string, error: unknown): unknown => {
    // Kysely rolls back after a COMMIT that failed, and reports the ROLLBACK if that fails as well.
    if (sql === 'rollback' && commitFailure !== undefined) return commitFailure;
    const reason = typed(error, sql === 'commit' ? 'commit' : 'query');
    if (sql === 'commit') commitFailure = reason;
    return reason;
  };
  const query = (sql: string, parameters: readonly unknown[]) =>
    span(operationOf(sql), traits(sql), () =>
      client.query(sql, parameters as unknown[]).catch((error: unknown) => {
        throw failure(sql, error);
      }),
    );
  return {
    query: query as unknown as PostgresPoolClient['query'],
    release: (destroy) => {
      commitFailure = undefined;
      client.release(destroy);
    },
  };
}

/** The first word names the span: table names in it would be of unbounded number. */
function operationOf(sql: string): string {
  const word = /^\s*([a-z]+)/i.exec(sql);
  return `sql ${word ? word[1]!.toLowerCase() : 'query'}`;
}

function traits(sql: string): SpanOptions {
  // The text holds placeholders, never values.
  const attributes = { 'db.system.name': 'postgresql', 'db.query.text': sql.slice(0, 2_000) };
  return { kind: SpanKind.CLIENT, attributes };
}

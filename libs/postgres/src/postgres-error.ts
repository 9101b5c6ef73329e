/** What went wrong with PostgreSQL, as a stable word that callers may switch on. */
export type PostgresErrorCode =
  | 'server_not_found'
  | 'server_failed'
  | 'server_busy'
  | 'unsupported_platform'
  | 'wrong_major_version'
  | 'unreachable_directory'
  | 'permission_denied'
  | 'disk_full'
  | 'unavailable'
  | 'connection_lost'
  | 'commit_unknown'
  | 'pool_exhausted'
  | 'statement_timeout'
  | 'conflict'
  | 'schema_newer'
  | 'migration_changed'
  | 'migration_out_of_order'
  | 'migration_locked'
  | 'idempotency_key_reused'
  | 'page_token_invalid';

/**
 * What each code means to somebody who called a service, in the words of gRPC's status codes: `@gabion/rpc` turns an
 * error of this shape into a fault. What is not listed is a mistake of ours or of the installation.
 */
const kinds: Partial<Record<PostgresErrorCode, string>> = {
  disk_full: 'unavailable',
  unavailable: 'unavailable',
  connection_lost: 'unavailable',
  pool_exhausted: 'unavailable',
  // Whether the change was made is not known: repeating it is for a caller with an idempotency key.
  commit_unknown: 'unknown',
  statement_timeout: 'deadline_exceeded',
  conflict: 'aborted',
  idempotency_key_reused: 'invalid_argument',
  page_token_invalid: 'invalid_argument',
};

/** Every error of this library's own; an error that SQL itself caused (a violated constraint, a typo) stays a `pg.DatabaseError`. */
export class PostgresError extends Error {
  override readonly name = 'PostgresError';

  constructor(
    readonly code: PostgresErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }

  get kind(): string {
    return kinds[this.code] ?? 'internal';
  }
}

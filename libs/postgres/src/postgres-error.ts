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
}

import { isNativeError } from 'node:util/types';
import { DatabaseError } from 'pg';
import { PostgresError, type PostgresErrorCode } from './postgres-error.ts';

/** SQLSTATEs that say something about the server or the moment rather than about the statement. */
const meanings: { readonly [sqlState: string]: PostgresErrorCode } = {
  '40001': 'conflict', // serialization_failure
  '40P01': 'conflict', // deadlock_detected
  '53100': 'disk_full',
  '53300': 'unavailable', // too_many_connections
  '55P03': 'conflict', // lock_not_available
  '57014': 'statement_timeout',
  '57P01': 'connection_lost', // admin_shutdown
  '57P02': 'connection_lost', // crash_shutdown
  '57P03': 'unavailable', // cannot_connect_now
  '57P05': 'connection_lost', // idle_session_timeout
  '25P03': 'connection_lost', // idle_in_transaction_session_timeout
};

const cannotConnect = new Set(['ECONNREFUSED', 'ENOENT', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN']);
const lost =
  /Connection terminated|Client has encountered a connection error|not queryable|Client was closed|read ECONNRESET|write EPIPE/i;

/** The typed form of an error from `pg`, or the error itself when the statement is to blame. */
export function typed(error: unknown, doing: 'connect' | 'query' | 'commit'): unknown {
  if (error instanceof PostgresError || !isNativeError(error)) return error;
  if (error instanceof DatabaseError) {
    const code = error.code ? meanings[error.code] : undefined;
    if (!code) return error;
    const outcome = doing === 'commit' && code === 'connection_lost' ? 'commit_unknown' : code;
    return new PostgresError(outcome, error.message, { cause: error });
  }
  const errno = (error as NodeJS.ErrnoException).code;
  if (doing === 'connect') return connectFailure(error, errno);
  if (lost.test(error.message) || errno === 'ECONNRESET' || errno === 'EPIPE') {
    // A COMMIT whose answer never came may or may not have happened; saying "lost" would invite a blind retry.
    if (doing === 'commit')
      return new PostgresError('commit_unknown', 'connection lost during COMMIT', { cause: error });
    return new PostgresError('connection_lost', error.message, { cause: error });
  }
  return error;
}

function connectFailure(error: Error, errno: string | undefined): unknown {
  if (/timeout exceeded when trying to connect/.test(error.message)) {
    return new PostgresError('pool_exhausted', 'no connection became free in time', { cause: error });
  }
  const socket = errno !== undefined && (cannotConnect.has(errno) || errno === 'ECONNRESET' || errno === 'ETIMEDOUT');
  if (socket || /Connection terminated|timeout expired/i.test(error.message)) {
    return new PostgresError('unavailable', `PostgreSQL does not answer: ${error.message}`, { cause: error });
  }
  return error;
}

/** Whether `error` is a violated unique constraint, optionally the one named. */
export function isUniqueViolation(error: unknown, constraint?: string): boolean {
  return (
    error instanceof DatabaseError &&
    error.code === '23505' &&
    (constraint === undefined || error.constraint === constraint)
  );
}

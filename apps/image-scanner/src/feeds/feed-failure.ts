import { ConnectionLost } from '@gabion/oci/exchange';
import { OciError } from '@gabion/oci/oci-error';
import { PostgresError } from '@gabion/postgres/postgres-error';
import { Fault } from '@gabion/rpc/fault';
import { storable } from '../storable.ts';

/** Why a feed could not be fetched; the codes are in the README. */
export class FeedFailure extends Error {
  override readonly name = 'FeedFailure';
  readonly code: string;
  /** When the server said that a later try may succeed. */
  readonly retryAfterMs: number | undefined;

  constructor(code: string, message: string, options: ErrorOptions & { retryAfterMs?: number | undefined } = {}) {
    super(message, options);
    this.code = code;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** What is told and kept of any failure of an attempt. */
export function failureOf(error: unknown): FeedFailure {
  if (error instanceof FeedFailure) return error;
  if (error instanceof OciError)
    return new FeedFailure(ociCodes[error.code] ?? error.code, storable(error.message, 500), {
      cause: error,
      retryAfterMs: error.retryAfterMs,
    });
  if (error instanceof ConnectionLost)
    return new FeedFailure('feed_unreachable', storable(error.message, 500), { cause: error });
  if (error instanceof Fault) return new FeedFailure(error.code, storable(error.message, 500), { cause: error });
  if (error instanceof PostgresError)
    return new FeedFailure('database_unavailable', 'the database failed', { cause: error });
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new FeedFailure('disk_full', 'the disk of the service is full', { cause: error });
  if (code === 'ENOENT') return new FeedFailure('feed_not_found', 'there is no such file', { cause: error });
  return new FeedFailure('internal', 'the service failed; its log says how', { cause: error });
}

/** Failures that say that there is no way to the server, as on a site without internet. */
export function isUnreachable({ code }: FeedFailure): boolean {
  return code === 'feed_unreachable' || code === 'name_unresolved';
}

const ociCodes: Readonly<Record<string, string>> = {
  image_not_found: 'feed_not_found',
  blob_not_found: 'feed_not_found',
  registry_unavailable: 'feed_unavailable',
  registry_refused: 'feed_refused',
  unauthorized: 'feed_forbidden',
  forbidden: 'feed_forbidden',
};

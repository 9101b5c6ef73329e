/** A cache that cannot do what was asked of it now; `unavailable` passes when Redis is back. */
export class CacheError extends Error {
  override readonly name = 'CacheError';

  constructor(
    readonly code: 'unavailable' | 'failed',
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

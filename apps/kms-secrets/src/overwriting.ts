/**
 * Overwrites key bytes once everything that is under way has gone on: whoever was handed them in this turn of the event
 * loop still finds the key, and not zeros to encrypt with.
 */
export function overwriteSoon(...keys: readonly Uint8Array[]): void {
  setImmediate(() => {
    for (const key of keys) key.fill(0);
  });
}

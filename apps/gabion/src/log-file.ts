import { copyFileSync, fstatSync, statSync, truncateSync } from 'node:fs';

const mostBytes = 32 * 1024 * 1024;
const everyMs = 30_000;

/**
 * Keeps the log of a platform in the background below 32 MB, with the part before it beside it as `.1`. It is written
 * through a descriptor that was opened for appending, so cutting the file leaves the next line at its beginning.
 */
export function keepBounded(path: string): Disposable {
  if (!isStandardError(path)) return { [Symbol.dispose]: () => {} };
  const timer = setInterval(() => cut(path, mostBytes), everyMs).unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** Moves what is in the file aside when it is longer than `limit`. */
export function cut(path: string, limit: number): void {
  const { size } = statSync(path, { throwIfNoEntry: false }) ?? { size: 0 };
  if (size <= limit) return;
  copyFileSync(path, `${path}.1`);
  truncateSync(path, 0);
}

function isStandardError(path: string): boolean {
  const file = statSync(path, { throwIfNoEntry: false });
  const out = fstatSync(2);
  return file !== undefined && file.ino === out.ino && file.dev === out.dev;
}

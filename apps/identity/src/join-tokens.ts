import { createHash, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A shorter join token could be guessed: one that is kept is taken for missing. */
const minLength = 32;

/** Where the join token of a service is kept in a folder of them. */
export function joinTokenFile(dir: string, service: string): string {
  return join(dir, `${service}.join-token`);
}

/**
 * Whether `shown` is the join token of `service`. Read anew each time, so that a token can be changed at any time. A
 * service without a token takes as long as one with another token.
 */
export async function isJoinToken(dir: string, service: string, shown: string): Promise<boolean> {
  const kept = (await readFile(joinTokenFile(dir, service), 'utf8').catch(() => '')).trim();
  const isSame = timingSafeEqual(digest(kept), digest(shown));
  return isSame && kept.length >= minLength;
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

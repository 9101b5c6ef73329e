import { FeedFailure } from './feed-failure.ts';
import { fetchArtifact } from './fetch-artifact.ts';
import { fetchChanges } from './fetch-changes.ts';
import { fetchFile } from './fetch-file.ts';
import { fetchListed } from './fetch-listed.ts';
import { fetchLocal } from './fetch-local.ts';
import { fetchNamed } from './fetch-named.ts';
import type { Fetched, Fetching } from './fetching.ts';

/** Fetches a feed from one of its addresses, whose form says how the feed is laid out. */
export function fetchFeed(address: string, fetching: Fetching): Promise<Fetched> {
  const form = formOf(address);
  switch (form) {
    case 'local':
      return fetchLocal(address, fetching);
    case 'artifact':
      return fetchArtifact(address, fetching);
    case 'changes':
      return fetchChanges(address, fetching);
    case 'listed':
      return fetchListed(address, fetching);
    case 'named':
      return fetchNamed(address, fetching);
    case 'file':
      return fetchFile(address, fetching);
    default: {
      const never: never = form;
      throw new FeedFailure('feed_address_invalid', `unknown form ${never}`);
    }
  }
}

export type AddressForm = 'local' | 'artifact' | 'changes' | 'listed' | 'named' | 'file';

/** Which form an address has; throws a FeedFailure for one that has none. */
export function formOf(address: string): AddressForm {
  if (/^oci:[^/]/.test(address)) return 'artifact';
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url?.protocol === 'file:' && url.host === '') return 'local';
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password)
    throw new FeedFailure(
      'feed_address_invalid',
      'an address begins with https:, http:, oci: or file: and has no password',
    );
  if (/[{}]|%7[bd]/i.test(url.pathname)) return 'listed';
  if (url.pathname.endsWith('/')) return 'listed';
  const name = url.pathname.split('/').at(-1)!;
  if (name === 'changes.csv') return 'changes';
  if (['repomd.xml', 'mirror.list', 'archive_latest.txt'].includes(name)) return 'named';
  return 'file';
}

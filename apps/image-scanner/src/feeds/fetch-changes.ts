import { FeedFailure } from './feed-failure.ts';
import { fetchDocuments, type ListedDocument, mostListed } from './fetch-documents.ts';
import { fetchText } from './fetch-text.ts';
import type { Fetched, Fetching } from './fetching.ts';

/** A feed of CSAF's directory form: changes.csv names each document with the time of its last change (CSAF 2.0, 7.1.13). */
export async function fetchChanges(address: string, fetching: Fetching): Promise<Fetched> {
  const url = new URL(address);
  const listed = listedIn(await fetchText(url, fetching), url);
  return fetchDocuments(listed, fetching);
}

/** `"2024/cve-2024-1.json","2024-05-01T00:00:00Z"` a line; newest first, so that the newest come in the first attempt. */
export function listedIn(text: string, base: URL): ListedDocument[] {
  const listed = new Map<string, ListedDocument>();
  for (const line of text.split('\n')) {
    const [, name, version] = /^"?([^",\s]{1,500})"?\s*,\s*"?([^",\r]{1,100})"?\s*\r?$/.exec(line) ?? [];
    if (name === undefined || version === undefined || !name.endsWith('.json') || listed.has(name)) continue;
    if (!URL.canParse(name, base.href)) continue;
    const url = new URL(name, base);
    // A list must not send its reader elsewhere.
    if (url.origin !== base.origin)
      throw new FeedFailure('feed_refused', `${base.host} lists a document of ${url.host}`);
    listed.set(name, { name, url, version });
    if (listed.size > mostListed) break;
  }
  return [...listed.values()];
}

import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { download, type Validator } from './download.ts';
import { FeedFailure } from './feed-failure.ts';
import { fileName } from './fetch-file.ts';
import type { Fetched, FetchedDocument, Fetching } from './fetching.ts';

/** A document that a feed lists. */
export interface ListedDocument {
  readonly name: string;
  readonly url: URL;
  /** Changes when the document does; absent where the list does not say, then the document's server is asked. */
  readonly version?: string;
}

/** Connections to one server at a time. */
const width = 6;
/** Documents fetched in one attempt; the rest comes in the next ones. */
const mostPerAttempt = 5000;
export const mostListed = 500_000;

/** Fetches the documents that have changed. */
export async function fetchDocuments(listed: readonly ListedDocument[], fetching: Fetching): Promise<Fetched> {
  if (listed.length === 0) throw new FeedFailure('feed_empty', 'the feed lists no documents');
  if (listed.length > mostListed) throw new FeedFailure('feed_too_large', `over ${mostListed} documents are listed`);
  const names = new Set(listed.map(({ name }) => name));
  const removed = [...fetching.documents.keys()].filter((name) => !names.has(name));
  const due = listed.filter(({ name, version }) => version === undefined || fetching.documents.get(name) !== version);
  const now = due.slice(0, mostPerAttempt);
  const directory = join(fetching.directory, 'documents');
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const changed: FetchedDocument[] = [];
  let bytes = 0;
  const waiting = now.values();
  const fetchSome = async () => {
    for (const document of waiting) {
      const got = await fetchOne(document, directory, fetching);
      if (!got) continue;
      changed.push(got.document);
      bytes += got.bytes;
      fetching.onBytes?.(bytes, 0);
      if (bytes > fetching.maxBytes)
        throw new FeedFailure('feed_too_large', `over ${fetching.maxBytes} bytes are not taken`);
    }
  };
  await Promise.all(Array.from({ length: width }, fetchSome));
  if (changed.length === 0 && fetching.documents.size === 0)
    throw new FeedFailure('feed_not_found', 'none of the documents that the feed lists is there');
  if (changed.length === 0 && removed.length === 0) return { kind: 'unchanged', bytes };
  return { kind: 'documents', changed, removed, bytes, isPartial: due.length > now.length };
}

async function fetchOne(
  { name, url, version }: ListedDocument,
  directory: string,
  fetching: Fetching,
): Promise<{ document: FetchedDocument; bytes: number } | undefined> {
  const folder = join(directory, createHash('sha256').update(name).digest('hex').slice(0, 24));
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, fileName(url.pathname));
  const known = version === undefined ? validatorIn(fetching.documents.get(name)) : undefined;
  const { onBytes: _unused, ...quiet } = fetching;
  const got = await download(url, path, { ...quiet, known }).catch((error: unknown) => {
    // The file of a year or a release that has just begun may not be there yet; one that was there is missed.
    const isMissing = error instanceof FeedFailure && error.code === 'feed_not_found';
    if (isMissing && !fetching.documents.has(name)) return undefined;
    throw error;
  });
  if (!got || got.kind === 'unchanged') return undefined;
  return { document: { name, path, validator: version ?? JSON.stringify(got.validator) }, bytes: got.bytes };
}

function validatorIn(text: string | undefined): Validator | undefined {
  return text?.startsWith('{') ? (JSON.parse(text) as Validator) : undefined;
}

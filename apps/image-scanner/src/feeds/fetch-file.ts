import { join } from 'node:path';
import { download } from './download.ts';
import type { Fetched, Fetching } from './fetching.ts';

/** A feed that is one file. */
export async function fetchFile(address: string, fetching: Fetching): Promise<Fetched> {
  const url = new URL(address);
  const path = join(fetching.directory, fileName(url.pathname));
  const got = await download(url, path, { ...fetching, known: fetching.validators[address] });
  if (got.kind === 'unchanged') return got;
  return { kind: 'whole', path, validators: { [address]: got.validator }, bytes: got.bytes };
}

/** The last part of a path as the name of a file here: readers look at its ending. */
export function fileName(path: string): string {
  const last = path.split('/').filter(Boolean).at(-1) ?? '';
  return (
    last
      .replace(/[^A-Za-z0-9._-]/g, '_')
      .replace(/^\.+/, '_')
      .slice(-120) || 'feed'
  );
}

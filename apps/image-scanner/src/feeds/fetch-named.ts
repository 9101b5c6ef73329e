import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { download } from './download.ts';
import { FeedFailure } from './feed-failure.ts';
import { fileName } from './fetch-file.ts';
import { fetchText } from './fetch-text.ts';
import type { Fetched, Fetching } from './fetching.ts';

/**
 * A feed whose file another one names: updateinfo.xml of an rpm repository by its repomd.xml, of which `mirror.list`
 * names the place; the archive of all CSAF documents by `archive_latest.txt`.
 */
export function fetchNamed(address: string, fetching: Fetching): Promise<Fetched> {
  return new URL(address).pathname.endsWith('.txt')
    ? fetchArchive(address, fetching)
    : fetchUpdateinfo(address, fetching);
}

/** Each archive has a name of its own. */
async function fetchArchive(address: string, fetching: Fetching): Promise<Fetched> {
  const url = new URL(address);
  const name = (await fetchText(url, fetching)).trim();
  if (!/^[A-Za-z0-9._-]{1,200}$/.test(name))
    throw new FeedFailure('feed_empty', `${url.host}${url.pathname} names no file`);
  if (fetching.validators[address]?.digest === name) return { kind: 'unchanged', bytes: 0 };
  const file = new URL(name, url);
  const path = join(fetching.directory, fileName(file.pathname));
  const got = await download(file, path, fetching);
  return { kind: 'whole', path, validators: { [address]: { digest: name } }, bytes: got.bytes };
}

async function fetchUpdateinfo(address: string, fetching: Fetching): Promise<Fetched> {
  const url = new URL(address);
  const repomd = url.pathname.endsWith('/mirror.list') ? await firstMirror(url, fetching) : url;
  const told = updateinfoIn(await fetchText(repomd, fetching));
  if (!told) throw new FeedFailure('feed_empty', `${repomd.host}${repomd.pathname} names no updateinfo`);
  if (fetching.validators[address]?.digest === told.checksum) return { kind: 'unchanged', bytes: 0 };
  // Its places are relative to the repository, of which it lies in repodata/ (createrepo_c).
  const file = new URL(told.href, new URL('../', repomd));
  const path = join(fetching.directory, fileName(file.pathname));
  const got = await download(file, path, fetching);
  if ((await digestOf(told.algorithm, path)) !== told.checksum)
    throw new FeedFailure('feed_digest_mismatch', `${file.host}${file.pathname} is not what repomd.xml announces`);
  return { kind: 'whole', path, validators: { [address]: { digest: told.checksum } }, bytes: got.bytes };
}

async function firstMirror(url: URL, fetching: Fetching): Promise<URL> {
  const lines = (await fetchText(url, fetching)).split('\n').map((line) => line.trim());
  const mirror = lines.find((line) => /^https?:\/\//.test(line) && URL.canParse(line));
  if (!mirror) throw new FeedFailure('feed_empty', `${url.host}${url.pathname} names no mirror`);
  return new URL('repodata/repomd.xml', mirror.endsWith('/') ? mirror : `${mirror}/`);
}

interface Told {
  readonly href: string;
  readonly algorithm: 'sha256' | 'sha512';
  readonly checksum: string;
}

/** The element `data` of type updateinfo. Its few known children are looked for by their text: the file is flat. */
export function updateinfoIn(xml: string): Told | undefined {
  const start = xml.search(/<data\s+type=["']updateinfo["']/);
  if (start === -1) return undefined;
  const end = xml.indexOf('</data>', start);
  const data = xml.slice(start, end === -1 ? start + 4096 : end);
  const href = /<location\s+href=["']([^"'<>]{1,500})["']/.exec(data)?.[1];
  const [, algorithm, checksum] =
    /<checksum\s+type=["'](sha256|sha512)["']\s*>\s*([0-9a-f]{64,128})\s*</.exec(data) ?? [];
  if (!href || !checksum) return undefined;
  return { href, algorithm: algorithm as Told['algorithm'], checksum };
}

async function digestOf(algorithm: string, path: string): Promise<string> {
  const hash = createHash(algorithm);
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

import { FeedFailure } from './feed-failure.ts';
import { fetchDocuments, type ListedDocument } from './fetch-documents.ts';
import { fetchText } from './fetch-text.ts';
import type { Fetched, Fetching } from './fetching.ts';

const maxPages = 200;
const maxNames = 2000;

/** A feed whose documents are told by alternatives in its address, `v{3.20,3.21}/main.json`, or by pages of links. */
export async function fetchListed(address: string, fetching: Fetching): Promise<Fetched> {
  const addresses = expanded(address);
  const isPage = new URL(addresses[0]!).pathname.endsWith('/');
  const listed = isPage ? await crawled(addresses, fetching) : addresses.map((each) => listing(each, addresses[0]!));
  return fetchDocuments(listed, fetching);
}

/** `a{b,c}d{e,f}` as abde, abdf, acde, acdf. */
export function expanded(address: string): string[] {
  const [, before, choices, after] = /^([^{}]*)\{([^{}]*)\}(.*)$/s.exec(address) ?? [];
  if (before === undefined) {
    if (/[{}]/.test(address)) throw new FeedFailure('feed_address_invalid', 'braces of the address do not match');
    return [address];
  }
  const rest = expanded(after!);
  const all = choices!.split(',').flatMap((choice) => rest.map((end) => `${before}${choice}${end}`));
  if (all.length > maxNames) throw new FeedFailure('feed_address_invalid', `an address stands for ${maxNames} at most`);
  return all;
}

function listing(address: string, first: string): ListedDocument {
  const url = new URL(address);
  const base = new URL(first);
  return { name: url.origin === base.origin ? url.pathname : url.href, url };
}

/** Documents below pages of links, two folders deep: `v3.20/main.json` of Alpine's site. */
async function crawled(pages: readonly string[], fetching: Fetching): Promise<ListedDocument[]> {
  const listed = new Map<string, ListedDocument>();
  const open = pages.map((page) => ({ page: new URL(page), depth: 0 }));
  for (let visited = 0; open.length > 0; visited++) {
    if (visited === maxPages) throw new FeedFailure('feed_too_large', `over ${maxPages} pages of links`);
    const { page, depth } = open.shift()!;
    for (const url of linksIn(await fetchText(page, fetching), page)) {
      if (url.pathname.endsWith('/') && depth < 2) open.push({ page: url, depth: depth + 1 });
      else if (/\.(?:json|ya?ml|csv|xml)(?:\.(?:gz|xz|bz2|zst))?$/.test(url.pathname))
        listed.set(url.pathname, { name: url.pathname, url });
    }
  }
  return [...listed.values()];
}

/** Links of a page that lead further down. */
export function linksIn(html: string, page: URL): URL[] {
  const links = new Map<string, URL>();
  for (const [, quoted, bare] of html.matchAll(/\bhref\s*=\s*(?:"([^"]{1,500})"|'([^']{1,500})')/gi)) {
    const target = (quoted ?? bare)!;
    if (!URL.canParse(target, page.href)) continue;
    const url = new URL(target, page);
    url.hash = '';
    const isBelow =
      url.origin === page.origin && url.pathname.startsWith(page.pathname) && url.pathname !== page.pathname;
    if (isBelow && url.search === '') links.set(url.href, url);
  }
  return [...links.values()].slice(0, maxNames);
}

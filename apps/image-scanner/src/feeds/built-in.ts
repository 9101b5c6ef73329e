import type { AdvisoryFormat } from '@gabion/advisories/advisory';
import { type PublicFeed, publicFeeds } from '@gabion/advisories/public-feeds';

/** A feed that comes with Gabion. */
export interface BuiltInFeed {
  readonly name: string;
  /** Of the same content, tried in order. */
  readonly urls: readonly string[];
  readonly format: AdvisoryFormat;
  readonly intervalMs: number;
  /** Fetched without being asked for. */
  readonly isDefault: boolean;
  /** The ecosystem of files that do not name theirs. */
  readonly ecosystem?: string;
}

/** The public feeds, each with the one address that stands for all of its files. */
export function builtInFeeds(now: Date): BuiltInFeed[] {
  return publicFeeds.map((feed) => ({
    name: feed.name,
    urls: [combined(feed.urls.flatMap((url) => ofEachYear(url, feed, now)))],
    format: feed.format,
    intervalMs: feed.intervalHours * 3_600_000,
    isDefault: feed.isDefault,
    ...(feed.ecosystem && { ecosystem: feed.ecosystem }),
  }));
}

function ofEachYear(url: string, { firstYear }: PublicFeed, now: Date): string[] {
  if (firstYear === undefined) return [url];
  const years = Array.from({ length: now.getUTCFullYear() - firstYear + 1 }, (_, index) => firstYear + index);
  return years.map((year) => url.replaceAll('{year}', String(year)));
}

/** `https://x/{a/b,c/d}` for https://x/a/b and https://x/c/d. */
function combined(urls: readonly string[]): string {
  const [first = ''] = urls;
  if (urls.length < 2) return first;
  let end = first.lastIndexOf('/') + 1;
  while (!urls.every((url) => url.startsWith(first.slice(0, end)))) end = first.lastIndexOf('/', end - 2) + 1;
  return `${first.slice(0, end)}{${urls.map((url) => url.slice(end)).join(',')}}`;
}

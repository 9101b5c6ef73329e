/** The last so many tags in the order of their versions, newest first; `latest` and other words are no versions. */
export function latestTags(tags: readonly string[], most: number): string[] {
  if (most === 0) return [...tags];
  return [...tags].sort((a, b) => compareTags(b, a)).slice(0, most);
}

/** Words before versions; versions by their numbers; of equal numbers what has a suffix of a pre-release first. */
export function compareTags(a: string, b: string): number {
  const [one, other] = [partsOf(a), partsOf(b)];
  if (one.isVersion !== other.isVersion) return one.isVersion ? 1 : -1;
  if (!one.isVersion) return order(a, b);
  for (let i = 0; i < Math.max(one.numbers.length, other.numbers.length); i++) {
    const difference = order(one.numbers[i] ?? 0n, other.numbers[i] ?? 0n);
    if (difference !== 0) return difference;
  }
  return order(one.rank, other.rank) || compareRuns(one.suffix, other.suffix) || order(a, b);
}

function partsOf(tag: string) {
  const [, version = '', suffix = ''] = /^v?(\d{1,40}(?:[._]\d{1,40}){0,20})(.*)$/i.exec(tag) ?? [];
  const isPreRelease = /^[-.]?(alpha|beta|rc|pre|dev|snapshot|nightly|m\d|a\d|b\d)/i.test(suffix);
  const numbers = version === '' ? [] : version.split(/[._]/).map(BigInt);
  return { isVersion: version !== '', numbers, suffix, rank: isPreRelease ? 0 : 1 };
}

/** Runs of digits count as numbers: rc10 comes after rc9. */
function compareRuns(a: string, b: string): number {
  const [one, other] = [a.match(/\d+|\D+/g) ?? [], b.match(/\d+|\D+/g) ?? []];
  for (let i = 0; i < Math.min(one.length, other.length); i++) {
    const areNumbers = /^\d/.test(one[i]!) && /^\d/.test(other[i]!);
    const difference = areNumbers ? order(BigInt(one[i]!), BigInt(other[i]!)) : order(one[i]!, other[i]!);
    if (difference !== 0) return difference;
  }
  return one.length - other.length;
}

function order<T extends string | number | bigint>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

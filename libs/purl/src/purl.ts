import { PurlError } from './purl-error.ts';
import { normalParts, type PurlParts, segmentsOf } from './purl-parts.ts';
import { rulesOf } from './type-rules.ts';

export type { PurlParts } from './purl-parts.ts';

const maxLength = 4096;
const maxQualifiers = 64;

/** Parses a package URL (ECMA-427, "How to parse") into its normal parts; throws PurlError. */
export function readPurl(text: string): PurlParts {
  if (text.length > maxLength)
    throw new PurlError('purl_too_long', `a package URL has at most ${maxLength} characters`);
  const [, afterScheme] = /^pkg:\/*([\s\S]*)$/i.exec(text.trim()) ?? [];
  if (afterScheme === undefined) throw new PurlError('purl_malformed', 'a package URL starts with "pkg:"');
  const [beforeSubpath, subpath] = splitAt(afterScheme, afterScheme.indexOf('#'));
  const [beforeQualifiers, query] = splitAt(beforeSubpath, beforeSubpath.indexOf('?'));
  const slash = beforeQualifiers.indexOf('/');
  const type = beforeQualifiers.slice(0, Math.max(slash, 0)).toLowerCase();
  const path = withoutSlashes(beforeQualifiers.slice(slash + 1));
  // A scope that was not encoded, `pkg:npm/@scope/name`, is no version: that stands in the last segment.
  const at = path.lastIndexOf('@');
  const [names, version] = splitAt(path, type !== 'npm' || at > path.lastIndexOf('/') + 1 ? at : -1);
  if (names.endsWith('/')) throw new PurlError('purl_name_missing', 'a package URL has a name');
  const segments = segmentsOf(names).map(decoded);
  // The name of a repository is all of its path at the host.
  const cut = type === 'git' ? Math.min(1, segments.length - 1) : -1;
  return normalParts({
    type,
    namespace: segments.slice(0, cut).join('/'),
    name: segments.slice(cut).join('/'),
    version: decoded(version),
    qualifiers: qualifiersOf(query),
    subpath: segmentsOf(subpath).map(decoded).join('/'),
  });
}

/** As `readPurl`; undefined for what is no package URL. */
export function parsePurl(text: string): PurlParts | undefined {
  try {
    return readPurl(text);
  } catch (error) {
    if (error instanceof PurlError) return undefined;
    throw error;
  }
}

/** Writes a package URL (ECMA-427, "How to build") in its normal form; throws PurlError. */
export function buildPurl(parts: {
  readonly type: string;
  readonly namespace?: string;
  readonly name: string;
  readonly version?: string;
  readonly qualifiers?: ReadonlyMap<string, string>;
  readonly subpath?: string;
}): string {
  return formatPurl(normalParts({ namespace: '', version: '', qualifiers: new Map(), subpath: '', ...parts }));
}

/** The parts as they are, written as a package URL; nothing is checked. */
export function formatPurl({ type, namespace, name, version, qualifiers, subpath }: PurlParts): string {
  const names = [...segmentsOf(namespace), ...(type === 'git' ? segmentsOf(name) : [name])].map(encoded).join('/');
  const query = [...qualifiers]
    .filter(([, value]) => value !== '')
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${encoded(value)}`)
    .join('&');
  const path = segmentsOf(subpath).map(encoded).join('/');
  const tail = `${version && `@${encoded(version)}`}${query && `?${query}`}${path && `#${path}`}`;
  return `pkg:${type}/${names}${tail}`;
}

/** The package URL in its normal form; throws PurlError. */
export function normalPurl(text: string): string {
  return formatPurl(readPurl(text));
}

/** What tells packages apart whatever their version and qualifiers: type, namespace and name, in the form of the type. */
export function packageNameOf({ type, namespace, name }: Pick<PurlParts, 'type' | 'namespace' | 'name'>): string {
  const text = [type, namespace, name].filter((part) => part !== '').join('/');
  return rulesOf(type).isCaseless ? text.toLowerCase() : text;
}

function splitAt(text: string, index: number): [string, string] {
  return index === -1 ? [text, ''] : [text.slice(0, index), text.slice(index + 1)];
}

function withoutSlashes(path: string): string {
  let [start, end] = [0, path.length];
  while (path[start] === '/') start++;
  while (end > start && path[end - 1] === '/') end--;
  return path.slice(start, end);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new PurlError('purl_malformed', `"${text.slice(0, 80)}" is not percent-encoded UTF-8`);
  }
}

// Unlike encodeURIComponent: `:` stays, and `!*'()` do not.
function encoded(text: string): string {
  return encodeURIComponent(text.toWellFormed())
    .replace(/%3A/g, ':')
    .replace(/[!*'()]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

function qualifiersOf(query: string): Map<string, string> {
  const pairs = query.split('&', maxQualifiers + 1).filter((pair) => pair !== '');
  if (pairs.length > maxQualifiers)
    throw new PurlError('purl_qualifier_invalid', `a package URL has at most ${maxQualifiers} qualifiers`);
  return new Map(
    pairs.map((pair) => {
      const [key, value] = splitAt(pair, pair.indexOf('='));
      return [key, decoded(value)];
    }),
  );
}

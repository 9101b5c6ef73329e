/** The parts of a package URL, decoded; `qualifiers` by their keys in lower case. */
export interface PurlParts {
  readonly type: string;
  /** Segments with `/` between them; empty where there is none. */
  readonly namespace: string;
  readonly name: string;
  readonly version: string;
  readonly qualifiers: ReadonlyMap<string, string>;
  readonly subpath: string;
}

const maxLength = 4096;
const maxQualifiers = 64;

/** Parses a package URL (ECMA-427, "How to parse"); undefined for what is none. */
export function parsePurl(text: string): PurlParts | undefined {
  if (text.length > maxLength) return undefined;
  const [, afterScheme] = /^pkg:\/*([\s\S]*)$/i.exec(text.trim()) ?? [];
  if (afterScheme === undefined) return undefined;
  const [beforeSubpath, subpath] = splitAt(afterScheme, afterScheme.indexOf('#'));
  const [beforeQualifiers, query] = splitAt(beforeSubpath, beforeSubpath.indexOf('?'));
  const slash = beforeQualifiers.indexOf('/');
  const type = beforeQualifiers.slice(0, Math.max(slash, 0)).toLowerCase();
  if (!/^[a-z][a-z0-9.-]*$/.test(type)) return undefined;
  const path = beforeQualifiers.slice(slash + 1).replace(/^\/+|\/+$/g, '');
  // A scope that was not encoded, `pkg:npm/@scope/name`, is no version: that stands in the last segment.
  const at = path.lastIndexOf('@');
  const [names, version] = splitAt(path, type !== 'npm' || at > path.lastIndexOf('/') + 1 ? at : -1);
  const segments = names.split('/').filter((segment) => segment !== '');
  const decodedSegments = segments.map(decoded);
  const qualifiers = qualifiersOf(query);
  const decodedVersion = decoded(version);
  if (decodedSegments.length === 0 || !qualifiers || decodedVersion === undefined) return undefined;
  if (decodedSegments.some((segment) => segment === undefined || segment === '')) return undefined;
  return {
    type,
    namespace: decodedSegments.slice(0, -1).join('/'),
    name: decodedSegments.at(-1)!,
    version: decodedVersion,
    qualifiers,
    subpath: subpath
      .split('/')
      .map((segment) => decoded(segment) ?? '')
      .filter((segment) => segment !== '' && segment !== '.' && segment !== '..')
      .join('/'),
  };
}

/** What tells packages apart whatever their version and qualifiers: type, namespace and name, in the form of the type. */
export function packageNameOf({ type, namespace, name }: PurlParts): string {
  return [type, ...normal(type, namespace).split('/'), normal(type, name)].filter((part) => part !== '').join('/');
}

/** Types whose names are the same in any case (purl-spec, types/*-definition.json). */
const caseless = new Set(
  'alpm apk bitbucket bitnami composer deb docker github golang hex luarocks npm nuget oci opam pub pypi'.split(' '),
);

function normal(type: string, text: string): string {
  const lower = caseless.has(type) ? text.toLowerCase() : text;
  return type === 'pypi' ? lower.replace(/[-_.]+/g, '-') : lower;
}

function splitAt(text: string, index: number): [string, string] {
  return index === -1 ? [text, ''] : [text.slice(0, index), text.slice(index + 1)];
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function qualifiersOf(query: string): Map<string, string> | undefined {
  const qualifiers = new Map<string, string>();
  for (const pair of query.split('&', maxQualifiers)) {
    if (pair === '') continue;
    const [key, value] = splitAt(pair, pair.indexOf('='));
    if (!/^[A-Za-z0-9._-]+$/.test(key)) return undefined;
    const text = decoded(value.replace(/\+/g, '%2B'));
    if (text === undefined) return undefined;
    if (text !== '') qualifiers.set(key.toLowerCase(), text);
  }
  return qualifiers;
}

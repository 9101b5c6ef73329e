import type { PackageType } from './package.ts';

/** A package URL (ECMA-427): type, optional namespace, name, version and qualifiers, percent-encoded. */
export function purl(parts: {
  type: PackageType;
  namespace?: string;
  name: string;
  version: string;
  qualifiers?: Readonly<Record<string, string>>;
}): string {
  const namespace = parts.namespace ? `${parts.namespace.split('/').map(encoded).join('/')}/` : '';
  const qualifiers = Object.entries(parts.qualifiers ?? {})
    .filter(([, value]) => value !== '')
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${encoded(value)}`);
  const tail = qualifiers.length > 0 ? `?${qualifiers.join('&')}` : '';
  return `pkg:${parts.type}/${namespace}${encoded(parts.name)}@${encoded(parts.version)}${tail}`;
}

// Unlike encodeURIComponent: `:` stays, and `!*'()` do not.
function encoded(text: string): string {
  return encodeURIComponent(text.toWellFormed())
    .replace(/%3A/g, ':')
    .replace(/[!*'()]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

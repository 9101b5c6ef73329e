import { formatPurl } from '@gabion/purl/purl';
import type { PackageType } from './package.ts';

/** The package URL of a package as its files name it: what is written there is kept even where a rule of its type is broken. */
export function purl(parts: {
  type: PackageType;
  namespace?: string;
  name: string;
  version: string;
  qualifiers?: Readonly<Record<string, string>>;
}): string {
  return formatPurl({
    type: parts.type,
    namespace: parts.namespace ?? '',
    name: parts.name,
    version: parts.version,
    qualifiers: new Map(Object.entries(parts.qualifiers ?? {})),
    subpath: '',
  });
}

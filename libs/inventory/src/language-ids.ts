import type { Declared } from './declared.ts';
import type { Package, PackageType } from './package.ts';
import { purl } from './purl.ts';

interface Language {
  /** As OSV writes it; empty where no advisories speak of such packages. */
  readonly ecosystem: string;
  /** Namespace and name of the package URL, by the rules of its type. */
  readonly split?: (name: string) => readonly [namespace: string, name: string];
  /** The name as the package URL has it. */
  readonly normal?: (name: string) => string;
}

const lower = (name: string) => name.toLowerCase();

/** `group/sub/name`: everything up to the last slash is the namespace. */
function atLastSlash(name: string): readonly [string, string] {
  const slash = name.lastIndexOf('/');
  return slash === -1 ? ['', name] : [name.slice(0, slash), name.slice(slash + 1)];
}

function atColon(name: string): readonly [string, string] {
  const colon = name.indexOf(':');
  return colon === -1 ? ['', name] : [name.slice(0, colon), name.slice(colon + 1)];
}

/** What sets the packages of each type apart; types that are not here have no ecosystem and a plain name. */
const languages: Partial<Record<PackageType, Language>> = {
  npm: { ecosystem: 'npm', split: atLastSlash },
  pypi: { ecosystem: 'PyPI', normal: (name) => lower(name).replaceAll('_', '-') },
  gem: { ecosystem: 'RubyGems' },
  composer: { ecosystem: 'Packagist', split: atLastSlash, normal: lower },
  nuget: { ecosystem: 'NuGet' },
  cargo: { ecosystem: 'crates.io' },
  golang: { ecosystem: 'Go', split: atLastSlash, normal: lower },
  maven: { ecosystem: 'Maven', split: atColon },
  hex: { ecosystem: 'Hex', split: atLastSlash, normal: lower },
  pub: { ecosystem: 'Pub', normal: lower },
  cran: { ecosystem: 'CRAN' },
  swift: { ecosystem: 'SwiftURL', split: atLastSlash },
  conan: { ecosystem: 'ConanCenter' },
  hackage: { ecosystem: 'Hackage' },
  julia: { ecosystem: 'Julia' },
  generic: { ecosystem: '', split: atLastSlash },
  luarocks: { ecosystem: '', normal: lower },
  brew: { ecosystem: '', split: atLastSlash },
  'vscode-extension': { ecosystem: 'VSCode', split: atLastSlash },
};

/** All of a package but its place: names for advisories and for people. */
export function languagePackage(found: Declared, defaultType: PackageType) {
  const type = found.type ?? defaultType;
  const { ecosystem, split, normal } = languages[type] ?? { ecosystem: '' };
  const [namespace, name] = split?.(found.name) ?? ['', found.name];
  const written = normal ?? ((text: string) => text);
  return {
    type,
    name: found.name,
    version: found.version,
    ecosystem,
    purl: purl({
      type,
      ...(namespace && { namespace: written(namespace) }),
      name: written(name),
      version: found.version,
      ...(found.qualifiers && { qualifiers: found.qualifiers }),
    }),
    sourceName: found.name,
    sourceVersion: found.version,
    architecture: '',
    licenses: found.licenses ?? [],
  } satisfies Partial<Package>;
}

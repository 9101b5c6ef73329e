import type { Analyzer } from '@gabion/rootfs/layer-contents';
import type { View } from '@gabion/rootfs/view';
import type { Cataloguer } from '../cataloguer.ts';
import { Declarations, type DeclaredParse } from '../declared.ts';
import { fieldsOf, jsonOf, textIn } from '../document.ts';
import { fileCataloguer } from '../file-cataloguer.ts';
import { directoryOf, isNamed } from '../file-name.ts';
import type { Package } from '../package.ts';
import { purl } from '../purl.ts';
import { zipEntries } from '../zip-entries.ts';
import { addMetadata, normalName, parseMetadata } from './metadata.ts';

/** A long description may follow the headers. */
const maxMetadata = 8 * 1024 * 1024;

const maxDirectUrl = 64 * 1024;

/** Wheels and eggs are gathered whole for their directory; larger ones, of neural networks mostly, are warned of. */
const maxArchive = 64 * 1024 * 1024;

const installed = fileCataloguer({
  name: 'python',
  type: 'pypi',
  evidence: 'package-metadata',
  wants: (path) => (isMetadata(path) ? maxMetadata : undefined),
  parse: parseMetadata,
});

const besideMetadata: Analyzer = {
  name: 'python-records',
  wants(path) {
    // Of RECORD it only matters whether it is there.
    if (path.endsWith('.dist-info/RECORD')) return 0;
    return path.endsWith('.dist-info/direct_url.json') ? maxDirectUrl : undefined;
  },
};

/** Installed Python projects: `.dist-info` of wheels, `.egg-info` of setuptools and distutils, unpacked eggs. */
export const pythonCataloguer: Cataloguer = {
  ...installed,
  analyzers: [...installed.analyzers!, besideMetadata],
  find(image) {
    const { packages } = installed.find(image);
    return { packages: withoutLeftovers(image.view, packages).map((found) => withOrigin(image.view, found)) };
  },
};

/** Wheels and eggs that lie about as files: `ensurepip` brings wheels, old setuptools installs eggs. */
export const pythonArchiveCataloguer = fileCataloguer({
  name: 'python-archive',
  type: 'pypi',
  evidence: 'package-metadata',
  wants: (path) => (path.endsWith('.whl') || path.endsWith('.egg') ? maxArchive : undefined),
  parse: parsePythonArchive,
});

function isMetadata(path: string): boolean {
  if (isNamed(path, 'METADATA')) return path.toLowerCase().endsWith('.dist-info/metadata');
  if (isNamed(path, 'PKG-INFO')) return /(?:\.egg-info|(?:^|\/)EGG-INFO)\/PKG-INFO$/.test(path);
  return path.endsWith('.egg-info');
}

/** The project of a wheel (PEP 427) or an egg. */
export function parsePythonArchive(...[content, path, warnings]: Parameters<DeclaredParse>) {
  const declarations = new Declarations(path, warnings);
  const entries = zipEntries(content, (name) => /^(?:[^/]+\.dist-info\/METADATA|EGG-INFO\/PKG-INFO)$/.test(name));
  if (entries.size === 0) throw new TypeError('holds no metadata of a Python project');
  for (const metadata of entries.values()) addMetadata(declarations, metadata);
  return declarations.list;
}

/**
 * Of several versions of a project in one directory, those without RECORD are what an upgrade could not delete, if
 * another has one: pip writes it last and needs it to uninstall.
 */
function withoutLeftovers(view: View, packages: readonly Package[]): Package[] {
  const hasRecord = ({ path }: Package) => view.files.has(`${directoryOf(path)}/RECORD`);
  const place = ({ path, name }: Package) => `${directoryOf(directoryOf(path))}\n${normalName(name)}`;
  const recorded = new Set(packages.filter(hasRecord).map(place));
  const isLeftover = (found: Package) =>
    found.path.includes('.dist-info/') && !hasRecord(found) && recorded.has(place(found));
  return packages.filter((found) => !isLeftover(found));
}

/** Names the repository of a project that pip installed from version control (PEP 610). */
function withOrigin(view: View, found: Package): Package {
  const origin = view.files.get(`${directoryOf(found.path)}/direct_url.json`)?.content;
  const url = origin && vcsUrl(origin);
  if (!url) return found;
  const { type, name, version } = found;
  const written = name.toLowerCase().replaceAll('_', '-');
  return { ...found, purl: purl({ type, name: written, version, qualifiers: { vcs_url: url } }) };
}

function vcsUrl(content: Buffer): string | undefined {
  try {
    const { url, vcs_info } = fieldsOf(jsonOf(content));
    const { vcs, commit_id } = fieldsOf(vcs_info);
    if (!textIn(url) || !textIn(vcs)) return undefined;
    const { protocol, host, pathname } = new URL(url as string);
    // Without user and password, which a URL may hold.
    return `${vcs}+${protocol}//${host}${pathname}${textIn(commit_id) ? `@${commit_id}` : ''}`.slice(0, 1024);
  } catch {
    return undefined;
  }
}

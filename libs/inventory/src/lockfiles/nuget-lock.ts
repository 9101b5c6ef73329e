import { Declarations, type DeclaredParse } from '../declared.ts';
import { type Element, fieldsOf, jsonOf, objectOf, xmlOf } from '../document.ts';
import { type LockFile, maxPlain, named } from './lock-file.ts';

export const nugetLock: LockFile = {
  name: 'nuget-lock',
  type: 'nuget',
  isNamed: named('packages.lock.json'),
  maxBytes: maxPlain,
  parse: parseNugetLock,
};

export const nugetConfig: LockFile = {
  name: 'nuget-config',
  type: 'nuget',
  isNamed: named('packages.config'),
  maxBytes: 4 * 1024 * 1024,
  parse: parsePackagesConfig,
};

export const msbuild: LockFile = {
  name: 'msbuild',
  type: 'nuget',
  isNamed: (base) =>
    /\.(?:cs|fs|vb)proj$/.test(base) || base === 'Directory.Packages.props' || base === 'Packages.props',
  maxBytes: 4 * 1024 * 1024,
  parse: parseMsbuild,
};

/** The packages of a packages.lock.json, of all its frameworks. */
export function parseNugetLock(...[content, path, warnings]: Parameters<DeclaredParse>) {
  const declarations = new Declarations(path, warnings);
  for (const framework of Object.values(fieldsOf(objectOf(jsonOf(content)).dependencies))) {
    for (const [name, about] of Object.entries(fieldsOf(framework))) {
      const { type, resolved } = fieldsOf(about);
      if (type !== 'Project') declarations.add(name, resolved);
    }
  }
  return declarations.list;
}

/** The packages of a packages.config. */
export function parsePackagesConfig(...[content, path, warnings]: Parameters<DeclaredParse>) {
  const declarations = new Declarations(path, warnings);
  for (const { name, attributes } of xmlOf(content).children) {
    const { id, version, developmentDependency } = attributes;
    if (name === 'package') declarations.add(id, version, { isDev: developmentDependency === 'true' });
  }
  return declarations.list;
}

/** The packages that a project file, or a file of central versions, pins; ranges and floating versions are no pins. */
export function parseMsbuild(...[content, path, warnings]: Parameters<DeclaredParse>) {
  const root = xmlOf(content);
  const declarations = new Declarations(path, warnings);
  const properties = propertiesOf(root);
  for (const item of itemsOf(root)) {
    const value = (name: string) =>
      item.attributes[name] ?? item.children.find((each) => each.name === name)?.text.trim();
    const name = value('Include') ?? value('Update');
    const version = pinned(value('VersionOverride') ?? value('Version'), properties);
    const isDev = value('PrivateAssets')?.toLowerCase() === 'all';
    for (const each of version ? (name?.split(';') ?? []) : []) declarations.add(each.trim(), version, { isDev });
  }
  return declarations.list;
}

function itemsOf(root: Element): Element[] {
  const groups = root.children.filter(({ name }) => name === 'ItemGroup');
  const kinds = ['PackageReference', 'PackageVersion', 'GlobalPackageReference'];
  return groups.flatMap(({ children }) => children.filter(({ name }) => kinds.includes(name)));
}

function propertiesOf(root: Element): Map<string, string> {
  const groups = root.children.filter(({ name }) => name === 'PropertyGroup');
  return new Map(groups.flatMap(({ children }) => children.map(({ name, text }) => [name, text.trim()] as const)));
}

function pinned(version: string | undefined, properties: ReadonlyMap<string, string>): string | undefined {
  const property = /^\$\(([A-Za-z0-9_.-]{1,100})\)$/.exec(version ?? '')?.[1];
  const written = property === undefined ? version : properties.get(property);
  const exact = /^\[([^,\]]{1,100})\]$/.exec(written ?? '')?.[1] ?? written;
  return exact && /^\d[0-9A-Za-z.+-]*$/.test(exact) ? exact : undefined;
}

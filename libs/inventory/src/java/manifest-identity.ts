import type { Coordinates } from './coordinates.ts';
import { familyOf } from './families.ts';
import { artifactInName, groupInPath } from './file-name.ts';
import type { Manifest } from './manifest.ts';

/** What an archive without Maven's own files is told by. */
export interface ArchiveSight {
  /** The path of the file, or of the entry in the archive around it. */
  readonly path: string;
  readonly manifest: Manifest;
  /** Whether the archive has members below a directory. */
  hasBelow(directory: string): boolean;
}

/** The coordinates by manifest, file name and directories; without a group when none of them says it for certain. */
export function identityOf(archive: ArchiveSight): Coordinates | undefined {
  const { path, manifest } = archive;
  const plugin = jenkinsPlugin(manifest);
  if (plugin) return plugin;
  const fileName = path.slice(path.lastIndexOf('/') + 1);
  const named = artifactInName(fileName);
  const artifactId = named?.artifactId ?? titleOf(manifest) ?? fileName.replace(/\.[A-Za-z]{2,4}$/, '');
  const version = named?.version ?? versionOf(manifest);
  if (!version) return undefined;
  const family = familyOf(artifactId, version, archive);
  if (family) return { ...family, version };
  const groupId =
    groupInPath(path, { artifactId, version }) ||
    groupOfVendor(manifest) ||
    groupOfBundle(manifest.get('bundle-symbolicname') ?? '', artifactId);
  // What some projects of Apache write is the group of nothing.
  return { groupId: groupId === 'org.apache' ? '' : groupId, artifactId, version };
}

/** Jenkins' build writes what a plugin is. */
function jenkinsPlugin(manifest: Manifest): Coordinates | undefined {
  const [groupId, artifactId, version] = ['group-id', 'short-name', 'plugin-version'].map((name) => manifest.get(name));
  // A build on a developer's machine says `1.0-SNAPSHOT (private-…)`.
  return groupId && artifactId && version ? { groupId, artifactId, version: version.split(' ', 1)[0]! } : undefined;
}

function titleOf(manifest: Manifest): string | undefined {
  const title = manifest.get('implementation-title') ?? '';
  return /^[a-z0-9]+(?:[._-][a-z0-9]+)*$/.test(title) && !title.includes('.') ? title : undefined;
}

function versionOf(manifest: Manifest): string | undefined {
  const names = ['implementation-version', 'bundle-version', 'specification-version'];
  const versions = names.map((name) => manifest.get(name)?.trim() ?? '');
  return versions.find((version) => /^\d[\w.+-]{0,127}$/.test(version));
}

/** Maven's archiver puts the groupId into `Implementation-Vendor-Id`; others write a name there, which has no dots. */
function groupOfVendor(manifest: Manifest): string {
  const vendor = manifest.get('implementation-vendor-id') ?? '';
  return vendor.length <= 256 && /^[a-z][a-z0-9_-]*(?:\.[a-z0-9_-]+)+$/i.test(vendor) ? vendor : '';
}

/**
 * The group in a `Bundle-SymbolicName` that maven-bundle-plugin made (its "default behaviour"): `group.artifact`; only the
 * group when it ends in the artifact; and `org.apache.commons.lang3` for `org.apache.commons:commons-lang3`. A name that
 * gives back this artifact in none of these ways says nothing.
 */
function groupOfBundle(attribute: string, artifactId: string): string {
  const symbolic = attribute.split(';', 1)[0]!.trim();
  if (symbolic.length > 256 || !/^[\w-]+(?:\.[\w-]+)+$/.test(symbolic)) return '';
  if (symbolic.endsWith(`.${artifactId}`)) {
    const group = symbolic.slice(0, -artifactId.length - 1);
    return group.includes('.') ? group : symbolic;
  }
  const segments = symbolic.split('.');
  for (let end = segments.length - 1; end >= 2; end--) {
    const rest = segments.slice(end).join('.');
    if (artifactId === `${segments[end - 1]}-${rest}` || artifactId === `${segments[end - 1]}.${rest}`)
      return segments.slice(0, end).join('.');
  }
  return '';
}

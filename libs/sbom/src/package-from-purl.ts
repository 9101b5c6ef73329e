import { languagePackage } from '@gabion/inventory/language-ids';
import type { Package, PackageType } from '@gabion/inventory/package';
import { ecosystemOf } from '@gabion/inventory/system/ecosystem';
import type { OperatingSystem } from '@gabion/inventory/system/os-release';
import { type PurlParts, parsePurl } from '@gabion/purl/purl';
import { systemOfPurl } from './system-of-purl.ts';

/** What a document says of a package beside its package URL; texts are empty or absent where it says nothing. */
export interface PackageHints {
  /** The version, for a package URL without one. */
  readonly version?: string;
  /** Of the document, for packages that do not name theirs. */
  readonly operatingSystem?: OperatingSystem;
  readonly sourceName?: string;
  /** Epoch and release included. */
  readonly sourceVersion?: string;
  readonly module?: string;
  readonly layerDiffId?: string;
  readonly path?: string;
  readonly licenses?: readonly string[];
}

const systemTypes = ['deb', 'apk', 'rpm', 'alpm', 'opkg'] as const;
type SystemType = (typeof systemTypes)[number];

const languageTypes = new Set(
  (
    'npm pypi maven golang cargo gem composer nuget conda cran hex pub swift luarocks bitnami cocoapods conan cpan ' +
    'hackage julia opam otp generic'
  ).split(' '),
);

const maxField = 512;

/**
 * The package that a package URL names, with the ecosystem, source and module by which an image's own inventory would
 * have it; undefined for what is no package of a known type with a version (files, images, repositories).
 */
export function packageFromPurl(text: string, hints: PackageHints = {}): Package | undefined {
  const parts = parsePurl(text);
  const version = parts?.version || hints.version || '';
  if (!parts || version === '' || version.length > maxField || parts.name.length > maxField) return undefined;
  const place = {
    purl: text.trim(),
    layerDiffId: hints.layerDiffId ?? '',
    path: hints.path ?? '',
    evidence: 'sbom' as const,
    licenses: hints.licenses ?? [],
  };
  if (isSystemType(parts.type)) return { ...systemPackage(parts.type, { ...parts, version }, hints), ...place };
  if (!languageTypes.has(parts.type)) return undefined;
  return { ...ofLanguage(parts.type as PackageType, { ...parts, version }), ...place };
}

function isSystemType(type: string): type is SystemType {
  return (systemTypes as readonly string[]).includes(type);
}

type Unplaced = Omit<Package, 'purl' | 'layerDiffId' | 'path' | 'evidence' | 'licenses'>;

function ofLanguage(type: PackageType, { namespace, name, version }: PurlParts): Unplaced {
  const joint = type === 'maven' ? ':' : '/';
  const full = namespace === '' ? name : `${namespace}${joint}${name}`;
  const { ecosystem, ...found } = languagePackage({ name: full, version }, type);
  return { ...found, ecosystem: type === 'bitnami' ? 'Bitnami' : ecosystem, module: '' };
}

function systemPackage(type: SystemType, parts: PurlParts, hints: PackageHints): Unplaced {
  const { name, qualifiers } = parts;
  const system = systemOfPurl(parts) ?? hints.operatingSystem ?? unversioned(parts);
  const epoch = qualifiers.get('epoch') ?? '';
  const hasEpoch = /^\d+:/.test(parts.version);
  const version = /^[1-9]\d*$/.test(epoch) && !hasEpoch ? `${epoch}:${parts.version}` : parts.version;
  const source = sourceOf(type, version, parts, hints);
  return {
    type,
    name,
    version,
    ecosystem: system ? ecosystemOf(system) : '',
    sourceName: source.name,
    sourceVersion: source.version,
    architecture: (qualifiers.get('arch') ?? '').slice(0, 32),
    module: moduleOf(qualifiers.get('rpmmod') ?? qualifiers.get('modularitylabel') ?? hints.module ?? ''),
  };
}

function unversioned({ namespace }: PurlParts): OperatingSystem | undefined {
  return /^[a-z0-9._-]{1,64}$/.test(namespace)
    ? { id: namespace, version: '', prettyName: namespace, codename: '' }
    : undefined;
}

/** The qualifier `upstream`: `glibc`, `glibc@2.31-13`, and for rpm the file name of the source package. */
function sourceOf(type: SystemType, version: string, { name, qualifiers }: PurlParts, hints: PackageHints) {
  const upstream = qualifiers.get('upstream') ?? '';
  // A binary-only rebuild of Debian adds +bN to the version of a source that stays as it is.
  const own = type === 'deb' ? version.replace(/\+b\d+$/, '') : version;
  if (hints.sourceName) return { name: hints.sourceName, version: hints.sourceVersion || own };
  if (type === 'rpm') return sourceOfRpm(upstream, version) ?? { name, version };
  const at = upstream.indexOf('@', 1);
  if (at !== -1) return { name: upstream.slice(0, at), version: upstream.slice(at + 1) };
  return { name: upstream || name, version: own };
}

function sourceOfRpm(fileName: string, version: string): { name: string; version: string } | undefined {
  const bare = /^(.{1,500})\.(?:no)?src\.rpm$/.exec(fileName)?.[1] ?? '';
  const release = bare.lastIndexOf('-');
  const dash = release > 0 ? bare.lastIndexOf('-', release - 1) : -1;
  if (dash <= 0) return undefined;
  const written = bare.slice(dash + 1);
  // File names have no epoch: a package with the version of its source has its epoch, too.
  return { name: bare.slice(0, dash), version: version.replace(/^\d+:/, '') === written ? version : written };
}

/** Name and stream of `name:stream:version:context:arch`. */
function moduleOf(label: string): string {
  return label.split(':', 2).join(':').slice(0, 256);
}

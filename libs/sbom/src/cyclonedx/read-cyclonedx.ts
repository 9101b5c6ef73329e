import { isRecord, recordsOf, textOf } from '@gabion/advisories/json';
import type { OperatingSystem } from '@gabion/inventory/system/os-release';
import { hintsOfProperties, pathOf } from '../conventions.ts';
import { type Entry, packagesOf } from '../entries.ts';
import { maxComponents, type Sbom } from '../sbom.ts';
import { SbomError } from '../sbom-error.ts';
import { systemNamed } from '../system-of-purl.ts';

const maxDepth = 64;

/** Component types (CycloneDX 1.7, `component.type`) that no advisories speak of. */
const noPackages = new Set(['operating-system', 'container', 'file', 'device', 'data', 'cryptographic-asset']);

/** Reads a CycloneDX document, 1.0 to 1.7. Throws SbomError. */
export function readCycloneDx(document: Record<string, unknown>): Sbom {
  const version = textOf(document.specVersion);
  if (!/^1\.[0-7]$/.test(version))
    throw new SbomError('sbom_version_unsupported', `CycloneDX ${version.slice(0, 20)} is not read; 1.0 to 1.7 are`);
  if (document.components !== undefined && !Array.isArray(document.components))
    throw new SbomError('sbom_malformed', 'components is no list');
  const subject = isRecord(document.metadata) ? document.metadata.component : undefined;
  const about = isRecord(subject) ? subject : {};
  const components = flattened([...recordsOf(document.components), ...recordsOf(about.components)]);
  const imageDigest = digestOf(about);
  return {
    format: 'cyclonedx',
    version,
    name: textOf(about.name).slice(0, 1024),
    ...(imageDigest && { imageDigest }),
    ...packagesOf(components.map(entryOf), systemOf([...components, about])),
  };
}

/** Components hold components: an assembly's parts are listed inside it. */
function flattened(roots: readonly Record<string, unknown>[]): Record<string, unknown>[] {
  const all: Record<string, unknown>[] = [];
  let level: readonly Record<string, unknown>[] = roots;
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > maxDepth) throw new SbomError('sbom_too_deep', `components nested deeper than ${maxDepth}`);
    if (all.length + level.length > maxComponents)
      throw new SbomError('sbom_too_large', `over ${maxComponents} components`);
    for (const component of level) all.push(component);
    level = level.flatMap((component) => recordsOf(component.components));
  }
  return all;
}

function entryOf(component: Record<string, unknown>): Entry {
  const hints = hintsOfProperties(propertiesOf(component));
  const path = hints.path ?? occurrenceOf(component);
  return {
    ...hints,
    ...(path && { path }),
    name: textOf(component.name),
    purl: textOf(component.purl),
    version: textOf(component.version).slice(0, 512),
    licenses: licensesOf(component),
    isNoPackage: noPackages.has(textOf(component.type)),
  };
}

export function propertiesOf(component: Record<string, unknown>): Map<string, string> {
  return new Map(recordsOf(component.properties).map(({ name, value }) => [textOf(name), textOf(value)]));
}

function occurrenceOf({ evidence }: Record<string, unknown>): string {
  const [first] = isRecord(evidence) ? recordsOf(evidence.occurrences) : [];
  return pathOf(textOf(first?.location));
}

function licensesOf(component: Record<string, unknown>): string[] {
  const names = recordsOf(component.licenses).map(({ license, expression }) =>
    isRecord(license) ? textOf(license.id) || textOf(license.name) : textOf(expression),
  );
  return names
    .filter((name) => name !== '')
    .map((name) => name.slice(0, 1024))
    .slice(0, 64);
}

function systemOf(components: readonly Record<string, unknown>[]): OperatingSystem | undefined {
  const component = components.find(({ type }) => type === 'operating-system');
  if (!component) return undefined;
  const properties = propertiesOf(component);
  const name = properties.get('syft:distro:id') || textOf(component.name);
  const version = properties.get('syft:distro:versionID') || textOf(component.version);
  const system = systemNamed(name, version);
  return system && { ...system, ...own(properties) };
}

function own(properties: ReadonlyMap<string, string>) {
  const prettyName = properties.get('gabion:os:prettyName') ?? properties.get('syft:distro:prettyName');
  const codename = properties.get('gabion:os:codename') ?? properties.get('syft:distro:versionCodename');
  return {
    ...(prettyName && { prettyName: prettyName.slice(0, 256) }),
    ...(codename && { codename: codename.slice(0, 64) }),
  };
}

function digestOf(component: Record<string, unknown>): string | undefined {
  const candidates = [textOf(component.version), decodeURIComponentOr(textOf(component.purl))];
  return candidates.map((text) => /sha256:[0-9a-f]{64}/.exec(text)?.[0]).find(Boolean);
}

function decodeURIComponentOr(text: string): string {
  return text.replace(/%3A/gi, ':');
}

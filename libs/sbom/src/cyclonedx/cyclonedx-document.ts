import type { Evidence, Package } from '@gabion/inventory/package';
import { type Bill, type Issue, imagePurl } from '../bill.ts';
import { licenceChoices } from './licence-choices.ts';
import { type KnownVulnerability, vulnerabilityEntry } from './vulnerability-entry.ts';

/** Versions of CycloneDX that are written. */
export const cycloneDxVersions = ['1.4', '1.5', '1.6', '1.7'] as const;
export type CycloneDxVersion = (typeof cycloneDxVersions)[number];

type Json = Readonly<Record<string, unknown>>;

export interface CycloneDxOptions extends Issue {
  /** The newest when absent. */
  readonly version?: CycloneDxVersion;
  /** Makes it a vulnerability disclosure report as well. */
  readonly vulnerabilities?: readonly KnownVulnerability[];
}

/** A CycloneDX document; the same arguments make the same document. */
export function cycloneDxDocument(bill: Bill, options: CycloneDxOptions): Json {
  const version = options.version ?? '1.7';
  const refs = refsOf(bill.packages);
  const system = systemComponent(bill);
  const contents = [...(system ? [String(system['bom-ref'])] : []), ...refs];
  return {
    $schema: `http://cyclonedx.org/schema/bom-${version}.schema.json`,
    bomFormat: 'CycloneDX',
    specVersion: version,
    serialNumber: `urn:uuid:${options.serialNumber}`,
    version: 1,
    metadata: { timestamp: options.createdAt, tools: toolsOf(bill, version), component: subjectOf(bill) },
    components: [...(system ? [system] : []), ...bill.packages.map((each, i) => componentOf(each, refs[i]!, version))],
    dependencies: [{ ref: subjectRef, dependsOn: contents }, ...contents.map((ref) => ({ ref, dependsOn: [] }))],
    ...(options.vulnerabilities && {
      vulnerabilities: options.vulnerabilities.map((each) => vulnerabilityEntry(each, refs[each.package]!, version)),
    }),
  };
}

const subjectRef = 'gabion:subject';

/** `bom-ref` of each package: its package URL, numbered where the same one is at several places. */
export function refsOf(packages: readonly Package[]): string[] {
  const used = new Map<string, number>();
  return packages.map(({ purl }) => {
    const count = used.get(purl) ?? 0;
    used.set(purl, count + 1);
    return count === 0 ? purl : `${purl}#${count}`;
  });
}

function toolsOf({ scanner }: Bill, version: CycloneDxVersion): unknown {
  if (version === '1.4') return [{ vendor: 'Gabion', ...scanner }];
  return { components: [{ type: 'application', group: 'gabion', ...scanner }] };
}

function subjectOf(bill: Bill): Json {
  const { target, targetKind, imageDigest, platform, layers } = bill;
  const purl = imagePurl(bill);
  const hash = /^sha256:([0-9a-f]{64})$/.exec(imageDigest ?? '')?.[1];
  return {
    'bom-ref': subjectRef,
    type: targetKind === 'image' ? 'container' : 'application',
    name: target,
    ...(imageDigest && { version: imageDigest }),
    ...(hash && { hashes: [{ alg: 'SHA-256', content: hash }] }),
    ...(purl && { purl }),
    ...propertiesOf([
      ['gabion:platform', platform ?? ''],
      ...layers.map(({ diffId }) => ['gabion:layer:diffId', diffId] as const),
    ]),
  };
}

function systemComponent({ operatingSystem }: Bill): Json | undefined {
  if (!operatingSystem) return undefined;
  const { id, version, prettyName, codename } = operatingSystem;
  return {
    'bom-ref': `gabion:os:${id}:${version}`,
    type: 'operating-system',
    name: id,
    ...(version && { version }),
    description: prettyName,
    ...propertiesOf([
      ['gabion:os:codename', codename],
      ['gabion:os:prettyName', prettyName],
    ]),
  };
}

function componentOf(found: Package, ref: string, version: CycloneDxVersion): Json {
  const [group, name] = groupAndName(found);
  const hasSource = found.sourceName !== found.name || found.sourceVersion !== found.version;
  return {
    'bom-ref': ref,
    type: found.type === 'generic' ? 'application' : 'library',
    ...(group && { group }),
    name,
    version: found.version,
    ...licenceChoices(found.licenses),
    purl: found.purl,
    ...evidenceOf(found, version),
    ...propertiesOf([
      ['gabion:ecosystem', found.ecosystem],
      ['gabion:evidence', found.evidence],
      ['gabion:layer:diffId', found.layerDiffId],
      ['gabion:module', found.module],
      ['gabion:path', found.path],
      ['gabion:source:name', hasSource ? found.sourceName : ''],
      ['gabion:source:version', hasSource ? found.sourceVersion : ''],
    ]),
  };
}

function groupAndName({ type, name }: Package): readonly [string, string] {
  const separator = type === 'maven' ? ':' : ['npm', 'composer'].includes(type) ? '/' : '';
  const at = separator === '' ? -1 : name.lastIndexOf(separator);
  return at <= 0 ? ['', name] : [name.slice(0, at), name.slice(at + 1)];
}

/** Technique of CycloneDX 1.5, `evidence.identity.methods`, and how sure it is. */
const techniques: Readonly<Record<Evidence, readonly [technique: string, confidence: number]>> = {
  'package-database': ['manifest-analysis', 1],
  'package-metadata': ['manifest-analysis', 1],
  'build-information': ['binary-analysis', 1],
  'binary-pattern': ['binary-analysis', 0.8],
  'file-hash': ['hash-comparison', 1],
  'lock-file': ['manifest-analysis', 0.6],
  sbom: ['attestation', 0.6],
};

function evidenceOf({ evidence, path, purl }: Package, version: CycloneDxVersion): Json {
  if (version === '1.4') return {};
  const [technique, confidence] = techniques[evidence] ?? ['other', 0.5];
  const identity = { field: 'purl', confidence, methods: [{ technique, confidence, value: path || purl }] };
  return {
    // 1.6 made a list of it.
    evidence: {
      identity: version === '1.5' ? identity : [identity],
      ...(path && { occurrences: [{ location: path }] }),
    },
  };
}

function propertiesOf(pairs: readonly (readonly [name: string, value: string])[]): Json {
  const properties = pairs.filter(([, value]) => value !== '').map(([name, value]) => ({ name, value }));
  return properties.length === 0 ? {} : { properties };
}

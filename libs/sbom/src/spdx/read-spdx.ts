import { recordsOf, textOf } from '@gabion/advisories/json';
import type { OperatingSystem } from '@gabion/inventory/system/os-release';
import { hintsOfProperties } from '../conventions.ts';
import { type Entry, packagesOf } from '../entries.ts';
import type { PackageHints } from '../package-from-purl.ts';
import { maxComponents, type Sbom } from '../sbom.ts';
import { SbomError } from '../sbom-error.ts';
import { systemNamed } from '../system-of-purl.ts';

/** Reads an SPDX document, 2.1 to 2.3. Throws SbomError. */
export function readSpdx(document: Record<string, unknown>): Sbom {
  const [, version] = /^SPDX-(2\.[123])$/.exec(textOf(document.spdxVersion)) ?? [];
  if (!version)
    throw new SbomError(
      'sbom_version_unsupported',
      `${textOf(document.spdxVersion).slice(0, 20)} is not read; SPDX 2.1 to 2.3 are`,
    );
  if (document.packages !== undefined && !Array.isArray(document.packages))
    throw new SbomError('sbom_malformed', 'packages is no list');
  const packages = recordsOf(document.packages);
  if (packages.length > maxComponents) throw new SbomError('sbom_too_large', `over ${maxComponents} packages`);
  const subject = packages.find(({ primaryPackagePurpose }) => primaryPackagePurpose === 'CONTAINER');
  const imageDigest = /sha256:[0-9a-f]{64}/.exec(
    `${textOf(subject?.versionInfo)} ${purlOf(subject ?? {})}`.replace(/%3A/gi, ':'),
  )?.[0];
  const described = describedBy(document);
  const names = extractedNames(document);
  return {
    format: 'spdx',
    version,
    name: textOf(subject?.name ?? document.name).slice(0, 1024),
    ...(imageDigest && { imageDigest }),
    ...packagesOf(
      packages.map((each) => entryOf(each, described, names)),
      systemOf(packages),
    ),
  };
}

const noPackages = new Set([
  'CONTAINER',
  'OPERATING-SYSTEM',
  'OPERATING_SYSTEM',
  'FILE',
  'SOURCE',
  'DEVICE',
  'ARCHIVE',
]);

function entryOf(
  each: Record<string, unknown>,
  described: ReadonlySet<string>,
  names: ReadonlyMap<string, string>,
): Entry {
  const purl = purlOf(each);
  const isSubject = purl === '' && described.has(textOf(each.SPDXID));
  return {
    ...hintsOf(each),
    name: textOf(each.name),
    purl,
    version: textOf(each.versionInfo).slice(0, 512),
    licenses: licensesOf(each, names),
    isNoPackage: isSubject || noPackages.has(textOf(each.primaryPackagePurpose)),
  };
}

/** The subject of the document, whatever it is called: Microsoft's sbom-tool names it in `documentDescribes` only. */
function describedBy(document: Record<string, unknown>): Set<string> {
  const listed = Array.isArray(document.documentDescribes) ? document.documentDescribes.map(textOf) : [];
  const related = recordsOf(document.relationships)
    .filter(({ relationshipType }) => relationshipType === 'DESCRIBES')
    .map(({ relatedSpdxElement }) => textOf(relatedSpdxElement));
  return new Set([...listed, ...related]);
}

function purlOf(each: Record<string, unknown>): string {
  const reference = recordsOf(each.externalRefs).find(({ referenceType }) =>
    /(?:^|\/)purl$/.test(textOf(referenceType)),
  );
  return textOf(reference?.referenceLocator);
}

/** Trivy and Gabion write `built package from: glibc 2.31-13` and annotations such as `LayerDiffID: sha256:…`. */
function hintsOf(each: Record<string, unknown>): PackageHints {
  const comments = [
    ...recordsOf(each.annotations).map(({ comment }) => textOf(comment)),
    ...(Array.isArray(each.attributionTexts) ? each.attributionTexts.map(textOf) : []),
  ];
  const pairs = comments.map((comment) => /^([A-Za-z:]{1,64}): ([^\n]{1,4096})$/.exec(comment) ?? []);
  const properties = new Map(pairs.map(([, key = '', value = '']) => [own[key] ?? key, value]));
  const [, name, version] = /^built package from: (\S{1,256}) (\S{1,256})$/.exec(textOf(each.sourceInfo)) ?? [];
  return {
    ...hintsOfProperties(properties),
    ...(name && version && { sourceName: name, sourceVersion: version }),
  };
}

const own: Readonly<Record<string, string>> = {
  LayerDiffID: 'aquasecurity:trivy:LayerDiffID',
  FilePath: 'aquasecurity:trivy:FilePath',
  Modularitylabel: 'aquasecurity:trivy:Modularitylabel',
};

/** Texts of licences that are not on the SPDX list, by their `LicenseRef-`. */
function extractedNames(document: Record<string, unknown>): Map<string, string> {
  return new Map(
    recordsOf(document.hasExtractedLicensingInfos).map(({ licenseId, name, extractedText }) => [
      textOf(licenseId),
      textOf(name) || textOf(extractedText).slice(0, 256),
    ]),
  );
}

function licensesOf(each: Record<string, unknown>, names: ReadonlyMap<string, string>): string[] {
  const declared = [each.licenseDeclared, each.licenseConcluded].map(textOf);
  const text = declared.find((licence) => licence !== '' && licence !== 'NOASSERTION' && licence !== 'NONE');
  return text ? [(names.get(text) ?? text).slice(0, 1024)] : [];
}

function systemOf(packages: readonly Record<string, unknown>[]): OperatingSystem | undefined {
  const system = packages.find(({ primaryPackagePurpose }) =>
    /^OPERATING[-_]SYSTEM$/.test(textOf(primaryPackagePurpose)),
  );
  return system && systemNamed(textOf(system.name), textOf(system.versionInfo));
}

import { createHash } from 'node:crypto';
import type { Package } from '@gabion/inventory/package';
import { type Bill, type Issue, imagePurl } from '../bill.ts';
import { DeclaredLicences } from './declared-licences.ts';

/** A document of SPDX 2.3 in its JSON form. */
export interface SpdxDocument {
  readonly spdxVersion: 'SPDX-2.3';
  readonly dataLicense: 'CC0-1.0';
  readonly SPDXID: 'SPDXRef-DOCUMENT';
  readonly name: string;
  readonly documentNamespace: string;
  readonly creationInfo: { readonly created: string; readonly creators: readonly string[] };
  readonly packages: readonly SpdxPackage[];
  readonly relationships: readonly SpdxRelationship[];
  readonly hasExtractedLicensingInfos?: readonly ExtractedLicence[];
}

export interface SpdxPackage {
  readonly SPDXID: string;
  readonly name: string;
  readonly versionInfo?: string;
  readonly primaryPackagePurpose: 'CONTAINER' | 'OPERATING-SYSTEM' | 'LIBRARY' | 'APPLICATION';
  readonly downloadLocation: 'NOASSERTION';
  readonly filesAnalyzed: false;
  readonly licenseConcluded: 'NOASSERTION';
  readonly licenseDeclared: string;
  readonly copyrightText: 'NOASSERTION';
  readonly sourceInfo?: string;
  readonly checksums?: readonly { readonly algorithm: 'SHA256'; readonly checksumValue: string }[];
  readonly externalRefs?: readonly {
    readonly referenceCategory: 'PACKAGE-MANAGER';
    readonly referenceType: 'purl';
    readonly referenceLocator: string;
  }[];
  readonly annotations?: readonly SpdxAnnotation[];
}

export interface SpdxAnnotation {
  readonly annotator: string;
  readonly annotationDate: string;
  readonly annotationType: 'OTHER';
  readonly comment: string;
}

export interface SpdxRelationship {
  readonly spdxElementId: string;
  readonly relationshipType: 'DESCRIBES' | 'CONTAINS';
  readonly relatedSpdxElement: string;
}

export interface ExtractedLicence {
  readonly licenseId: string;
  readonly name: string;
  readonly extractedText: string;
}

/** An SPDX 2.3 document; the same arguments make the same document. */
export function spdxDocument(bill: Bill, { serialNumber, createdAt }: Issue): SpdxDocument {
  const licences = new DeclaredLicences();
  // Clause 6.9: seconds, in UTC.
  const created = `${new Date(createdAt).toISOString().slice(0, 19)}Z`;
  const creator = `Tool: ${bill.scanner.name}-${bill.scanner.version}`;
  const subject = subjectOf(bill);
  const contents = [
    ...(bill.operatingSystem ? [systemOf(bill.operatingSystem)] : []),
    ...bill.packages.map((each, i) => packageOf(each, i, { licences, created, creator })),
  ];
  const slug = bill.target.replace(/[^A-Za-z0-9._-]+/g, '-').slice(0, 128);
  return {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name: bill.target,
    documentNamespace: `https://gabion.invalid/spdx/${slug}-${serialNumber}`,
    creationInfo: { created, creators: ['Organization: Gabion', creator] },
    packages: [subject, ...contents],
    relationships: [
      { spdxElementId: 'SPDXRef-DOCUMENT', relationshipType: 'DESCRIBES', relatedSpdxElement: subject.SPDXID },
      ...contents.map(({ SPDXID }) => ({
        spdxElementId: subject.SPDXID,
        relationshipType: 'CONTAINS' as const,
        relatedSpdxElement: SPDXID,
      })),
    ],
    ...(licences.extracted.length > 0 && { hasExtractedLicensingInfos: licences.extracted }),
  };
}

const unsaid = {
  downloadLocation: 'NOASSERTION',
  filesAnalyzed: false,
  licenseConcluded: 'NOASSERTION',
  licenseDeclared: 'NOASSERTION',
  copyrightText: 'NOASSERTION',
} as const;

function subjectOf(bill: Bill): SpdxPackage {
  const hash = /^sha256:([0-9a-f]{64})$/.exec(bill.imageDigest ?? '')?.[1];
  return {
    SPDXID: 'SPDXRef-Subject',
    name: bill.target,
    ...(bill.imageDigest && { versionInfo: bill.imageDigest }),
    primaryPackagePurpose: bill.targetKind === 'image' ? 'CONTAINER' : 'APPLICATION',
    ...unsaid,
    ...(hash && { checksums: [{ algorithm: 'SHA256', checksumValue: hash }] }),
    ...referenceOf(imagePurl(bill)),
  };
}

function systemOf({ id, version }: NonNullable<Bill['operatingSystem']>): SpdxPackage {
  const versionInfo = version && { versionInfo: version };
  return {
    SPDXID: 'SPDXRef-OperatingSystem',
    name: id,
    ...versionInfo,
    primaryPackagePurpose: 'OPERATING-SYSTEM',
    ...unsaid,
  };
}

function packageOf(
  found: Package,
  index: number,
  { licences, created, creator }: { licences: DeclaredLicences; created: string; creator: string },
): SpdxPackage {
  const hasSource = found.sourceName !== found.name || found.sourceVersion !== found.version;
  const comments = [
    ['LayerDiffID', found.layerDiffId],
    ['FilePath', found.path],
    ['Modularitylabel', found.module],
  ].filter(([, value]) => value !== '');
  return {
    SPDXID: `SPDXRef-Package-${idOf(found, index)}`,
    name: found.name,
    versionInfo: found.version,
    primaryPackagePurpose: found.type === 'generic' ? 'APPLICATION' : 'LIBRARY',
    ...unsaid,
    licenseDeclared: licences.expressionOf(found.licenses),
    ...(hasSource && { sourceInfo: `built package from: ${found.sourceName} ${found.sourceVersion}` }),
    ...referenceOf(found.purl),
    ...(comments.length > 0 && {
      annotations: comments.map(([key, value]) => ({
        annotator: creator,
        annotationDate: created,
        annotationType: 'OTHER' as const,
        comment: `${key}: ${value}`,
      })),
    }),
  };
}

function referenceOf(purl: string | undefined): Pick<SpdxPackage, 'externalRefs'> {
  if (!purl) return {};
  return { externalRefs: [{ referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: purl }] };
}

// The same package has the same identifier in every document where it is at the same place.
function idOf({ purl, path }: Package, index: number): string {
  return `${index + 1}-${createHash('sha256').update(`${purl}\n${path}`).digest('hex').slice(0, 16)}`;
}

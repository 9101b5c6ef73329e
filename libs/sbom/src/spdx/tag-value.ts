import type { SpdxDocument, SpdxPackage } from './spdx-document.ts';

/** The tag-value form of a document (SPDX 2.3, clause 4.4). */
export function tagValueOf(document: SpdxDocument): string {
  const lines = [
    tag('SPDXVersion', document.spdxVersion),
    tag('DataLicense', document.dataLicense),
    tag('SPDXID', document.SPDXID),
    tag('DocumentName', document.name),
    tag('DocumentNamespace', document.documentNamespace),
    ...document.creationInfo.creators.map((creator) => tag('Creator', creator)),
    tag('Created', document.creationInfo.created),
    ...document.packages.flatMap((each) => ['', ...linesOf(each)]),
    ...(document.hasExtractedLicensingInfos ?? []).flatMap((licence) => [
      '',
      tag('LicenseID', licence.licenseId),
      `ExtractedText: <text>${quoted(licence.extractedText)}</text>`,
      tag('LicenseName', licence.name),
    ]),
    '',
    ...document.relationships.map(({ spdxElementId, relationshipType, relatedSpdxElement }) =>
      tag('Relationship', `${spdxElementId} ${relationshipType} ${relatedSpdxElement}`),
    ),
    '',
  ];
  return lines.join('\n');
}

function linesOf(each: SpdxPackage): string[] {
  return [
    tag('PackageName', each.name),
    tag('SPDXID', each.SPDXID),
    ...(each.versionInfo ? [tag('PackageVersion', each.versionInfo)] : []),
    tag('PackageDownloadLocation', each.downloadLocation),
    tag('FilesAnalyzed', String(each.filesAnalyzed)),
    ...(each.checksums ?? []).map(({ algorithm, checksumValue }) =>
      tag('PackageChecksum', `${algorithm}: ${checksumValue}`),
    ),
    ...(each.sourceInfo ? [`PackageSourceInfo: <text>${quoted(each.sourceInfo)}</text>`] : []),
    tag('PackageLicenseConcluded', each.licenseConcluded),
    tag('PackageLicenseDeclared', each.licenseDeclared),
    tag('PackageCopyrightText', each.copyrightText),
    ...(each.externalRefs ?? []).map(({ referenceCategory, referenceType, referenceLocator }) =>
      tag('ExternalRef', `${referenceCategory} ${referenceType} ${referenceLocator}`),
    ),
    tag('PrimaryPackagePurpose', each.primaryPackagePurpose),
    ...(each.annotations ?? []).flatMap(({ annotator, annotationDate, annotationType, comment }) => [
      tag('Annotator', annotator),
      tag('AnnotationDate', annotationDate),
      tag('AnnotationType', annotationType),
      tag('SPDXREF', each.SPDXID),
      `AnnotationComment: <text>${quoted(comment)}</text>`,
    ]),
  ];
}

// A line break would begin another tag, and a terminal would act on other control characters.
function tag(name: string, value: string): string {
  return `${name}: ${value.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')}`;
}

function quoted(text: string): string {
  return text.replace(/[^\P{Cc}\n]+/gu, ' ').replaceAll('</text>', '< /text>');
}

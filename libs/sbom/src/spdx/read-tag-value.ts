import { maxComponents } from '../sbom.ts';
import { SbomError } from '../sbom-error.ts';

type Fields = Record<string, unknown>;

const packageTags: Readonly<Record<string, string>> = {
  SPDXID: 'SPDXID',
  PackageVersion: 'versionInfo',
  PackageLicenseDeclared: 'licenseDeclared',
  PackageLicenseConcluded: 'licenseConcluded',
  PackageSourceInfo: 'sourceInfo',
  PrimaryPackagePurpose: 'primaryPackagePurpose',
};

/** An SPDX document in tag-value form as its JSON form would have it, as far as `readSpdx` looks. Throws SbomError. */
export function spdxOfTagValue(text: string): Fields {
  const document: Fields = {};
  const packages: Fields[] = [];
  const relationships: Fields[] = [];
  const licences: Fields[] = [];
  const annotations: Fields[] = [];
  let current: Fields = document;
  for (const { tag, value } of tagsOf(text)) {
    if (tag === 'PackageName') {
      if (packages.length >= maxComponents) throw new SbomError('sbom_too_large', `over ${maxComponents} packages`);
      current = { name: value, externalRefs: [], annotations: [] };
      packages.push(current);
    } else if (tag === 'LicenseID') {
      current = { licenseId: value };
      licences.push(current);
    } else if (tag === 'FileName' || tag === 'SnippetSPDXID') current = {};
    else if (tag === 'SPDXVersion') document.spdxVersion = value;
    else if (tag === 'DocumentName') document.name = value;
    else if (tag === 'Relationship') relationships.push(relationshipOf(value));
    else if (tag === 'SPDXREF') annotations.push({ ref: value });
    else if (tag === 'AnnotationComment') Object.assign(annotations.at(-1) ?? {}, { comment: value });
    else field(current, tag, value);
  }
  const byId = new Map(packages.map((each) => [each.SPDXID, each]));
  for (const { ref, comment } of annotations) (byId.get(ref)?.annotations as Fields[] | undefined)?.push({ comment });
  return { ...document, packages, relationships, hasExtractedLicensingInfos: licences };
}

function field(current: Fields, tag: string, value: string): void {
  if (tag === 'LicenseName') current.name = value;
  else if (tag === 'ExtractedText') current.extractedText = value;
  else if (tag === 'ExternalRef' && Array.isArray(current.externalRefs)) {
    const [, referenceType = '', referenceLocator = ''] = value.split(/\s+/);
    current.externalRefs.push({ referenceType, referenceLocator });
  } else if (packageTags[tag]) current[packageTags[tag]] ??= value;
}

function relationshipOf(value: string): Fields {
  const [spdxElementId, relationshipType, relatedSpdxElement] = value.split(/\s+/);
  return { spdxElementId, relationshipType, relatedSpdxElement };
}

/** `Tag: value` a line; a value in `<text>` may run over many lines. */
function* tagsOf(text: string): Generator<{ tag: string; value: string }> {
  let at = 0;
  while (at < text.length) {
    const newline = text.indexOf('\n', at);
    const end = newline === -1 ? text.length : newline;
    const [, tag, rest] =
      /^([A-Za-z]{1,64}):[ \t]*(.*)$/.exec(text.slice(at, Math.min(end, at + 65_536)).trimEnd()) ?? [];
    const open = rest?.startsWith('<text>') ? text.indexOf('<text>', at) + '<text>'.length : -1;
    const close = open === -1 ? -1 : text.indexOf('</text>', open);
    if (open !== -1 && close === -1) throw new SbomError('sbom_malformed', 'a <text> is not closed');
    if (tag && rest !== undefined) yield { tag, value: open === -1 ? rest : text.slice(open, close) };
    const next = open === -1 ? -1 : text.indexOf('\n', close);
    at = open === -1 ? end + 1 : next === -1 ? text.length : next + 1;
  }
}

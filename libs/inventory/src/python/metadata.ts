import { Declarations, type DeclaredParse } from '../declared.ts';
import { linesOf } from '../lines.ts';

/** Headers that are read; classifiers are the most numerous. */
const maxHeaders = 1000;

/** The project of a core metadata file: METADATA, PKG-INFO (PEP 566: headers of an email). */
export const parseMetadata: DeclaredParse = (content, path, warnings) => {
  const declarations = new Declarations(path, warnings);
  addMetadata(declarations, content);
  return declarations.list;
};

/** The same for a metadata file in an archive. */
export function addMetadata(declarations: Declarations, content: Buffer): void {
  const headers = headersOf(content);
  // A setup.py without name or version writes these.
  const [name] = headers.get('name') ?? [];
  const [version] = headers.get('version') ?? [];
  if (name?.toUpperCase() === 'UNKNOWN') return;
  declarations.add(name, version, { licenses: licensesOf(headers) });
}

/** Names that pip takes for the same project (PEP 503). */
export function normalName(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, '-');
}

function headersOf(content: Buffer): Map<string, string[]> {
  const headers = new Map<string, string[]>();
  let count = 0;
  for (const line of linesOf(content)) {
    if (line === '' || ++count > maxHeaders) break;
    const colon = line.indexOf(':');
    // Continued lines begin with white space.
    if (colon <= 0 || /^\s/.test(line)) continue;
    const name = line.slice(0, colon).toLowerCase();
    headers.set(name, [...(headers.get(name) ?? []), line.slice(colon + 1).trim()]);
  }
  return headers;
}

/** PEP 639 prefers the expression; before it stood free text, often a whole license, and classifiers. */
function licensesOf(headers: ReadonlyMap<string, readonly string[]>): string[] {
  const [expression] = headers.get('license-expression') ?? [];
  if (expression) return [expression];
  const classified = (headers.get('classifier') ?? [])
    .filter((classifier) => classifier.startsWith('License ::'))
    .map((classifier) => classifier.slice(classifier.lastIndexOf('::') + 2).trim())
    .filter((license) => license !== 'OSI Approved');
  const [text = ''] = headers.get('license') ?? [];
  const isName = text !== '' && text.length <= 100 && text.toUpperCase() !== 'UNKNOWN';
  return [...new Set([...(isName ? [text] : []), ...classified])];
}

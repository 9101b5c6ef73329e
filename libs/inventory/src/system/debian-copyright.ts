import { linesOf } from '../lines.ts';

const documents = 'usr/share/doc/';
const fileName = '/copyright';

/** Names of licences of one package; more say nothing. */
const maxLicenses = 50;
const maxNameLength = 200;

/** Where a package says under which licences it is (policy 12.5). */
export function copyrightPath(packageName: string): string {
  return `${documents}${packageName}${fileName}`;
}

export function isCopyright(path: string): boolean {
  return (
    path.startsWith(documents) &&
    path.endsWith(fileName) &&
    !path.slice(documents.length, -fileName.length).includes('/')
  );
}

/**
 * The licences that a copyright file names, as it writes them: of the machine-readable form (copyright-format 1.0) the
 * first lines of the `License` fields, of free text those that it refers to in `/usr/share/common-licenses`.
 */
export function licensesIn(content: Buffer): string[] {
  const licenses = new Set<string>();
  const isMachineReadable = isFormat(content);
  for (const line of linesOf(content)) {
    for (const name of isMachineReadable ? nameInField(line) : namesInText(line)) licenses.add(name);
    if (licenses.size >= maxLicenses) break;
  }
  return [...licenses];
}

/** A copyright file with no more than its licences; `licensesIn` finds the same in it. */
export function keptLicenses(content: Buffer): Buffer {
  return Buffer.from(['Format: copyright-format', ...licensesIn(content).map((name) => `License: ${name}`)].join('\n'));
}

/** The first field names the format; files from before 1.0 have several addresses for it. */
function isFormat(content: Buffer): boolean {
  const lines = content
    .toString('utf8', 0, 2048)
    .replace(/^\uFEFF/, '')
    .split('\n');
  const first = lines.find((line) => line.trim() !== '' && !line.startsWith('#')) ?? '';
  return /^Format(?:-Specification)?:/i.test(first) && /copyright-?format|dep-?5|wiki\.debian\.org/i.test(first);
}

function nameInField(line: string): string[] {
  const name = /^License:(.*)/i.exec(line)?.[1]?.trim();
  return name ? [name.slice(0, maxNameLength)] : [];
}

function namesInText(line: string): string[] {
  return [...line.matchAll(/\/usr\/share\/common-licenses\/([A-Za-z][A-Za-z0-9.+-]{0,63})/g)].map((found) =>
    found[1]!.replace(/[.-]+$/, ''),
  );
}

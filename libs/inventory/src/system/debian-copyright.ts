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
 * first lines of the `License` fields, of free text those that it refers to in `/usr/share/common-licenses`, and only
 * if it refers to none, those that it calls by name.
 */
export function licensesIn(content: Buffer): string[] {
  if (isFormat(content)) return named(content, nameInField);
  const referred = named(content, referencesIn);
  return referred.length > 0 ? referred : named(content, phrasesIn);
}

function named(content: Buffer, namesIn: (line: string) => readonly string[]): string[] {
  const licenses = new Set<string>();
  for (const line of linesOf(content)) {
    for (const name of namesIn(line)) licenses.add(name);
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

function referencesIn(line: string): string[] {
  return [...line.matchAll(/\/usr\/share\/common-licenses\/([A-Za-z][A-Za-z0-9.+-]{0,63})/g)].map((found) =>
    found[1]!.replace(/[.-]+$/, ''),
  );
}

/** Licences without a text in `common-licenses`. */
const phrases: readonly (readonly [phrase: RegExp, name: string])[] = [
  [/\bOpenSSL licen[cs]e/i, 'OpenSSL'],
  [/\bBSD["'-]? ?(?:style )?licen[cs]e/i, 'BSD'],
  [/\b(?:MIT|X11|Expat)\b.{0,8}licen[cs]e|Permission is hereby granted, free of charge/i, 'MIT'],
  [/\bISC licen[cs]e/i, 'ISC'],
  [/\bzlib licen[cs]e/i, 'Zlib'],
  [/\bSleepycat\b.{0,20}licen[cs]e/i, 'Sleepycat'],
  [/\bMozilla Public Licen[cs]e/i, 'MPL'],
  [/\bpublic domain\b/i, 'public-domain'],
];

function phrasesIn(line: string): string[] {
  return phrases.filter(([phrase]) => phrase.test(line)).map(([, name]) => name);
}

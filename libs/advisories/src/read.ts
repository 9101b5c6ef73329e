import type { Advisory, AdvisoryFormat } from './advisory.ts';
import { isAlpineSecdb, readAlpineSecdb } from './alpine-secdb.ts';
import { isDebianLists, readDebianLists } from './debian-lists.ts';
import { isGitlab, readGitlab } from './gitlab.ts';
import { osvRecords, readOsv } from './osv.ts';
import type { FeedFile } from './walk.ts';
import { parseYaml } from './yaml-document.ts';

/** What one file of a feed held: advisories of one format, or the reason why it was skipped. */
export type Reading =
  | { readonly format: AdvisoryFormat; readonly advisories: readonly Advisory[] }
  | { readonly skipped: string };

/** Reads one file of a feed, its format recognised from its content; never throws for what the file holds. */
export function readFeedFile(
  file: FeedFile,
  options: { readonly source: string; readonly format?: AdvisoryFormat },
): Reading {
  try {
    const reading = readText(decoder.decode(file.bytes), options.source);
    if ('format' in reading && options.format && options.format !== reading.format)
      return { skipped: `is ${reading.format}, not ${options.format}` };
    return reading;
  } catch (error) {
    return { skipped: (error as Error).message.slice(0, 300) };
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true });

function readText(text: string, source: string): Reading {
  const start = /\S/.exec(text)?.[0];
  if (start === undefined) return { skipped: 'empty' };
  if (isDebianLists(text)) return { format: 'debian_lists', advisories: readDebianLists(text, source) };
  if (start === '{' || start === '[') return readDocument(JSON.parse(text), source);
  if (isGitlab(text)) {
    const advisory = readGitlab(text, source);
    return typeof advisory === 'string' ? { skipped: advisory } : { format: 'gitlab', advisories: [advisory] };
  }
  if (/^(?:distroversion|id):/m.test(text) && /^(?:packages|affected|modified):/m.test(text))
    return readDocument(parseYaml(text), source);
  return { skipped: 'no known form of advisory' };
}

function readDocument(document: unknown, source: string): Reading {
  if (isAlpineSecdb(document)) return { format: 'alpine_secdb', advisories: readAlpineSecdb(document, source) };
  const records = osvRecords(document);
  if (records.length === 0) return { skipped: 'no known form of advisory' };
  return { format: 'osv', advisories: records.map((record) => readOsv(record, source)) };
}

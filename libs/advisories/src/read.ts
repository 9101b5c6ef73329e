import type { AdvisoryFormat } from './advisory.ts';
import { AdvisoryError } from './advisory-error.ts';
import { isDebianLists, readDebianLists } from './feeds/debian-lists.ts';
import { isEpss, readEpss } from './feeds/epss.ts';
import { readFlatOsv } from './feeds/flat-osv.ts';
import { isGitlab, readGitlab } from './feeds/gitlab.ts';
import { type Contents, contents, type Origin, readJsonDocument } from './feeds/json-document.ts';
import { isRustSec, readRustSec } from './feeds/rustsec.ts';
import { isUbuntuTracker, readUbuntuTracker } from './feeds/ubuntu-tracker.ts';
import { isXml, XmlFeed } from './feeds/xml-feed.ts';
import { parseYaml } from './feeds/yaml-document.ts';
import type { FeedFile } from './walk.ts';

/** What one file of a feed held: contents of one format, or the reason why it was skipped. */
export type Reading = Contents | { readonly skipped: string };

/** How to read a feed. */
export interface ReadOptions {
  readonly source: string;
  /** Files of another format are skipped. */
  readonly format?: AdvisoryFormat;
  /** The ecosystem of formats that do not name one themselves (updateinfo of unknown repositories). */
  readonly ecosystem?: string;
}

/** Reads one file of a feed, its format recognised from its content; never throws for what the file holds. */
export function readFeedFile(file: FeedFile, options: ReadOptions): Reading {
  if (file.broken !== undefined) return { skipped: file.broken };
  try {
    const origin = { ...options, path: file.path };
    return expected(readText(decoder.decode(file.bytes), origin), options.format);
  } catch (error) {
    return { skipped: reasonOf(error) };
  }
}

/** The reading, unless it is of another format than was asked for. */
export function expected(reading: Reading, format: AdvisoryFormat | undefined): Reading {
  const isOther = 'format' in reading && format !== undefined && format !== reading.format;
  return isOther ? { skipped: `is ${reading.format}, not ${format}` } : reading;
}

/** Why a file was not read, as a short text. */
export function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.slice(0, 300);
}

const decoder = new TextDecoder('utf-8', { fatal: true });
const unknownForm: Reading = { skipped: 'no known form of advisory' };
// Formats nest a dozen deep; V8's own parser would recurse much further.
const maxJsonDepth = 200;

function readText(text: string, origin: Origin): Reading {
  const start = /\S/.exec(text)?.[0];
  const { source, path } = origin;
  if (start === undefined) return { skipped: 'empty' };
  if (start === '{') return said(readJsonDocument(parseJson(text), origin));
  if (isDebianLists(text)) return contents('debian_lists', { advisories: readDebianLists(text, source) });
  if (start === '[') return said(readJsonDocument(parseJson(text), origin));
  if (isXml(text)) return XmlFeed.read(text, origin) ?? unknownForm;
  if (isRustSec(text)) return one('rustsec', readRustSec(text, source, path));
  if (isEpss(text)) return contents('epss', { facts: readEpss(text) });
  if (isUbuntuTracker(text)) return one('ubuntu_tracker', readUbuntuTracker(text, source));
  if (isGitlab(text)) return one('gitlab', readGitlab(text, source));
  if (/^(?:distroversion|id):/m.test(text) && /^(?:packages|affected|modified):/m.test(text))
    return said(readJsonDocument(readFlatOsv(text) ?? parseYaml(text), origin));
  return unknownForm;
}

function one(format: AdvisoryFormat, advisory: Contents['advisories'][number] | string): Reading {
  return typeof advisory === 'string' ? { skipped: advisory } : contents(format, { advisories: [advisory] });
}

function said(reading: Contents | string | undefined): Reading {
  return typeof reading === 'string' ? { skipped: reading } : (reading ?? unknownForm);
}

/** Parses JSON that is nested no deeper than feeds are; throws AdvisoryError. */
export function parseJson(text: string): unknown {
  refuseDepth(text);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new AdvisoryError('json_refused', (cause as Error).message.slice(0, 200), { cause });
  }
}

// Brackets within strings may add up, so this counts only runs that nothing closes.
function refuseDepth(text: string): void {
  if (/(?:[[{]\s{0,20}(?:"[^"\\]{0,40}"\s{0,4}:\s{0,4})?){200}/.test(text))
    throw new AdvisoryError('json_refused', `JSON nests at most ${maxJsonDepth} deep`);
}

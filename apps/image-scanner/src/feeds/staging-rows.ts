import { hash } from 'node:crypto';
import type { AffectedEntry } from '@gabion/advisories/advisory';
import type { Lifecycle, VulnerabilityFacts } from '@gabion/advisories/facts';
import { storable } from '../storable.ts';
import { hashBytes } from './seen-hashes.ts';

/** What is compared of an entry, and the text that is stored. */
export interface EntryRow {
  readonly hash: Buffer;
  readonly text: string;
}

/** An entry as it is stored: the hash covers its document too, since two documents may say the same. */
export function entryRow(entry: AffectedEntry, document: number): EntryRow {
  const text = jsonText(entry);
  return { hash: hash('sha256', `${document}\n${text}`, 'buffer').subarray(0, hashBytes), text };
}

/** A row of `staged_entries`. */
export function stagedEntry(entry: AffectedEntry, document: number, { hash, text }: EntryRow): string {
  const ids = [...new Set([entry.id, ...entry.vulnerabilities, ...(entry.aliases ?? [])])].slice(0, 200);
  const keys = jsonText([hash.toString('hex'), document, entry.ecosystem, entry.name, ids]);
  return `${keys.slice(0, -1)},${text}]`;
}

/** A row of `staged_facts`. */
export function stagedFacts({ id, epss, kev, scores, cwes, summary }: VulnerabilityFacts): string {
  const record = scores || cwes || summary ? [scores ?? null, cwes ?? [], summary ?? ''] : [null, null, null];
  return jsonText([
    id,
    ...(epss ? [epss.score, epss.percentile, dateOf(epss.date)] : [null, null, null]),
    ...(kev ? [dateOf(kev.addedOn), dateOf(kev.dueOn), kev.isUsedByRansomware] : [null, null, null]),
    ...record,
  ]);
}

/** A row of `staged_lifecycles`. */
export function stagedLifecycle({ ecosystem, endOfLife, extendedSupport }: Lifecycle): string {
  return jsonText([ecosystem, dateOf(endOfLife), dateOf(extendedSupport)]);
}

/** PostgreSQL refuses a row for one bad date; feeds hold slips of the pen. */
function dateOf(text: string | undefined): string | null {
  const day = /^(\d{4}-\d{2}-\d{2})(?:T|$)/.exec(text ?? '')?.[1];
  if (day === undefined) return null;
  const time = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(time.getTime()) && time.toISOString().startsWith(day) ? day : null;
}

/** JSON that PostgreSQL takes as jsonb: without NUL and lone surrogates, which JSON.stringify writes as escapes. */
function jsonText(value: unknown): string {
  const text = JSON.stringify(value);
  if (!unstorable.test(text)) return text;
  return JSON.stringify(value, (_key, each) =>
    typeof each === 'string' ? storable(each, Number.POSITIVE_INFINITY) : each,
  );
}

const unstorable = /\\u(?:0000|d[89ab][0-9a-f]{2}|d[c-f][0-9a-f]{2})/i;

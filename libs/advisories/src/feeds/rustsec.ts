import { orderOf } from '@gabion/versions/ecosystems';
import { type Interval, intersect, isEmpty } from '@gabion/versions/interval';
import type { VersionOrder } from '@gabion/versions/order';
import { intervalsOf } from '@gabion/versions/range';
import { parse } from 'smol-toml';
import type { Advisory } from '../advisory.ts';
import { AdvisoryError } from '../advisory-error.ts';
import { isRecord, textOf, textsOf } from '../json.ts';
import { cvssScores } from '../severity.ts';

// https://github.com/rustsec/advisory-db: Markdown whose first block is TOML.

const maxFrontLength = 64 * 1024;

/** Whether the text is an advisory of RustSec. */
export function isRustSec(text: string): boolean {
  return /^```toml\s*\n\s*(?:#[^\n]*\n\s*)*\[advisory\]/.test(text.slice(0, 4000));
}

/** Reads an advisory; a text says why it tells of no vulnerability. Throws AdvisoryError, RangeSyntaxError. */
export function readRustSec(text: string, source: string, path = ''): Advisory | string {
  const end = text.indexOf('\n```', 7);
  if (end < 0 || end > maxFrontLength) throw new AdvisoryError('record_malformed', 'the front matter has no end');
  const front = parse(text.slice(text.indexOf('\n') + 1, end), { maxDepth: 16, useLegacyDate: true });
  const about: Record<string, unknown> = isRecord(front.advisory) ? front.advisory : {};
  const versions: Record<string, unknown> = isRecord(front.versions) ? front.versions : {};
  // Unsound, unmaintained and the like tell of what could become one.
  if ('informational' in about) return `informational: ${textOf(about.informational)}`;
  const [id, name] = [textOf(about.id), textOf(about.package)];
  if (id === '' || name === '') throw new AdvisoryError('record_malformed', 'names no id or no package');
  // What is under rust/ is the toolchain's, not a crate's of the same name.
  if (about.collection === 'rust' || /(?:^|\/)rust\/[^/]+\/[^/]+$/.test(path)) return 'about the toolchain of Rust';
  const intervals = vulnerableIntervals(textsOf(versions.patched), textsOf(versions.unaffected));
  const aliases = textsOf(about.aliases);
  const scores = cvssScores([textOf(about.cvss)]);
  return {
    source,
    format: 'rustsec',
    id,
    aliases,
    vulnerabilities: [[id, ...aliases].find((alias) => alias.startsWith('CVE-')) ?? id],
    summary: titleOf(text.slice(end + 4, end + 2000)),
    url: `https://rustsec.org/advisories/${encodeURIComponent(id)}.html`,
    ...(scores[0] ? { cvss: scores[0], scores } : {}),
    references: [textOf(about.url), ...textsOf(about.references)].filter((url) => /^https?:\/\//.test(url)),
    published: dateOf(about.date),
    modified: dateOf(about.date),
    isWithdrawn: 'withdrawn' in about,
    affected: [{ ecosystem: 'crates.io', name, status: 'affected', intervals, versions: [], fixed: [] }],
  };
}

/** What neither is patched nor was ever affected: the gaps that these ranges leave. */
function vulnerableIntervals(patched: readonly string[], unaffected: readonly string[]): Interval[] {
  const order = orderOf('crates.io')!;
  const safe = [...patched, ...unaffected].flatMap((range) => intervalsOf('cargo', range));
  const gaps = safe.reduce<Interval[]>((left, interval) => left.flatMap((gap) => without(order, gap, interval)), [{}]);
  return gaps.toSorted((a, b) => order.compare(a.from ?? a.after ?? '0.0.0-0', b.from ?? b.after ?? '0.0.0-0'));
}

function without(order: VersionOrder, gap: Interval, { from, after, before, through }: Interval): Interval[] {
  const below = from !== undefined ? { before: from } : after !== undefined ? { through: after } : undefined;
  const above = before !== undefined ? { from: before } : through !== undefined ? { after: through } : undefined;
  return [below, above]
    .filter((side) => side !== undefined)
    .map((side) => intersect(order, gap, side))
    .filter((rest) => !isEmpty(order, rest));
}

function titleOf(markdown: string): string {
  return /^#\s+(.{1,300})/m.exec(markdown)?.[1]?.trim() ?? '';
}

function dateOf(value: unknown): string {
  return value instanceof Date ? value.toISOString().slice(0, 10) : textOf(value);
}

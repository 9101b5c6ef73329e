import { orderOf } from '@gabion/versions/ecosystems';
import { type Interval, isWithin } from '@gabion/versions/interval';
import type { VersionOrder } from '@gabion/versions/order';
import { semverOrder } from '@gabion/versions/semver';
import type { Advisory, Affected, Severity } from './advisory.ts';
import { isErratum } from './errata.ts';
import { isRecord, listOf, recordsOf, textOf, textsOf } from './json.ts';
import { packageKey } from './package-key.ts';
import { severityOfWord, worstCvss } from './severity.ts';

// https://ossf.github.io/osv-schema/

/** Whether a parsed document is an OSV record. */
export function isOsv(document: unknown): boolean {
  if (!isRecord(document) || typeof document.id !== 'string') return false;
  return Array.isArray(document.affected) || typeof document.modified === 'string';
}

/** Reads one OSV record; what it says of packages in forms that cannot be judged (GIT) is left out. */
export function readOsv(document: Record<string, unknown>, source: string): Advisory {
  const id = textOf(document.id);
  const aliases = textsOf(document.aliases);
  const summary = textOf(document.summary) || firstLine(textOf(document.details));
  const cvss = worstCvss(vectorsOf(document.severity));
  const severity = severityOf(document) ?? (isErratum(id) ? severityOfWord(summary.split(':')[0]) : undefined);
  return {
    source,
    format: 'osv',
    id,
    aliases,
    vulnerabilities: vulnerabilitiesOf(document, id, aliases),
    summary,
    url: urlOf(document, id),
    ...(severity ? { severity } : {}),
    ...(cvss ? { cvss } : {}),
    modified: textOf(document.modified) || textOf(document.published),
    isWithdrawn: typeof document.withdrawn === 'string',
    affected: recordsOf(document.affected).flatMap(affectedOf),
  };
}

function vulnerabilitiesOf(document: Record<string, unknown>, id: string, aliases: readonly string[]): string[] {
  const isCve = (name: string) => name.startsWith('CVE-');
  // Errata name what they mend as related or upstream, not as aliases.
  if (isErratum(id)) {
    const fixed = [...aliases, ...textsOf(document.upstream), ...textsOf(document.related)].filter(isCve);
    // Bug fix and enhancement advisories tell of no vulnerability.
    return fixed.length > 0 ? [...new Set(fixed)] : /^(?:ALBA|ALEA|RHBA|RHEA)/.test(id) ? [] : [id];
  }
  const upstream = textsOf(document.upstream).filter(isCve);
  return [[id, ...aliases, ...upstream].find(isCve) ?? id];
}

function affectedOf(item: Record<string, unknown>): Affected[] {
  const about = isRecord(item.package) ? item.package : {};
  const [ecosystem, name] = [textOf(about.ecosystem), textOf(about.name)];
  if (ecosystem === '' || name === '') return [];
  const ranges = recordsOf(item.ranges).filter((range) => range.type === 'SEMVER' || range.type === 'ECOSYSTEM');
  const own = orderOf(ecosystem);
  const isSemver = !own && ranges.some((range) => range.type === 'SEMVER');
  const order = own ?? (isSemver ? semverOrder : undefined);
  const intervals = order ? ranges.flatMap((range) => intervalsOf(recordsOf(range.events), order)) : [];
  const versions = textsOf(item.versions).filter(
    (version) => !order || !intervals.some((interval) => isWithin(order, interval, version)),
  );
  if (intervals.length === 0 && versions.length === 0) return [];
  const cvss = worstCvss(vectorsOf(item.severity));
  const severity = severityOf(item);
  return [
    {
      ecosystem,
      name: packageKey(ecosystem, name),
      status: 'affected',
      intervals,
      versions,
      fixed: [],
      ...(isSemver ? { isSemver: true as const } : {}),
      ...(severity ? { severity } : {}),
      ...(cvss ? { cvss } : {}),
    },
  ];
}

type EventKind = 'introduced' | 'fixed' | 'last_affected' | 'limit';
const eventKinds: readonly EventKind[] = ['introduced', 'fixed', 'last_affected', 'limit'];

// "Evaluation" of the schema: events in the order of versions switch between affected and not.
function intervalsOf(events: readonly Record<string, unknown>[], order: VersionOrder): Interval[] {
  const sorted = events
    .flatMap((event) => eventKinds.filter((kind) => kind in event).map((kind) => ({ kind, at: textOf(event[kind]) })))
    .filter(({ at }) => at !== '' && at !== '*')
    .sort((a, b) => compareEvents(a, b, order));
  const intervals: Interval[] = [];
  let open: Interval | undefined;
  for (const { kind, at } of sorted) {
    if (kind === 'introduced') open ??= at === '0' ? {} : { from: at };
    else if (open) {
      intervals.push({ ...open, ...(kind === 'last_affected' ? { through: at } : { before: at }) });
      open = undefined;
    }
  }
  return open ? [...intervals, open] : intervals;
}

interface RangeEvent {
  readonly kind: EventKind;
  readonly at: string;
}

function compareEvents(a: RangeEvent, b: RangeEvent, order: VersionOrder): number {
  const isStart = (event: RangeEvent) => event.kind === 'introduced' && event.at === '0';
  if (isStart(a) || isStart(b)) return Number(isStart(b)) - Number(isStart(a));
  // At one version what ends an interval comes first, unless it is the last affected one.
  const rank = ({ kind }: RangeEvent) => (kind === 'introduced' ? 1 : kind === 'last_affected' ? 2 : 0);
  return order.compare(a.at, b.at) || rank(a) - rank(b);
}

function severityOf(item: Record<string, unknown>): Severity | undefined {
  const specific = [item.database_specific, item.ecosystem_specific].filter(isRecord);
  const words = specific.flatMap((part) => [part.severity, part.urgency]);
  // Ubuntu gives its priority as a severity of its own type.
  const typed = recordsOf(item.severity).map((part) => part.score);
  return [...words, ...typed].map(severityOfWord).find((severity) => severity !== undefined);
}

function vectorsOf(severity: unknown): string[] {
  return recordsOf(severity)
    .filter((part) => /^CVSS_V[234]$/.test(textOf(part.type)))
    .map((part) => textOf(part.score));
}

function urlOf(document: Record<string, unknown>, id: string): string {
  const references = recordsOf(document.references);
  const advisory = references.find((reference) => reference.type === 'ADVISORY') ?? references[0];
  return advisory ? textOf(advisory.url) : `https://osv.dev/vulnerability/${encodeURIComponent(id)}`;
}

function firstLine(text: string): string {
  return text.slice(0, 400).split('\n')[0]!;
}

/** The OSV records of a document: one, or an array of them. */
export function osvRecords(document: unknown): Record<string, unknown>[] {
  return (Array.isArray(document) ? listOf(document) : [document]).filter(isRecord).filter(isOsv);
}

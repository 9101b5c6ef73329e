import { orderOf } from '@gabion/versions/ecosystems';
import { type Interval, isWithin } from '@gabion/versions/interval';
import type { VersionOrder } from '@gabion/versions/order';
import { semverOrder } from '@gabion/versions/semver';
import type { Advisory, Affected, Severity } from '../advisory.ts';
import { ecosystemName } from '../ecosystem-name.ts';
import { isErratum, vulnerabilitiesOfErratum } from '../errata.ts';
import { isRecord, recordsOf, textOf, textsOf } from '../json.ts';
import { isModularVersion, modulesOfTitle } from '../modularity.ts';
import { packageKey } from '../package-key.ts';
import { cvssScores, severityOfWord, worstCvss } from '../severity.ts';
import { cwesIn } from './cve.ts';

// https://ossf.github.io/osv-schema/

const maxReferences = 4;

/** Whether a parsed document is an OSV record. */
export function isOsv(document: unknown): document is Record<string, unknown> {
  if (!isRecord(document) || typeof document.id !== 'string') return false;
  return Array.isArray(document.affected) || typeof document.modified === 'string';
}

/** Reads one OSV record; what it says of packages in forms that cannot be judged (GIT) is left out. */
export function readOsv(document: Record<string, unknown>, source: string): Advisory {
  const id = textOf(document.id);
  const aliases = textsOf(document.aliases);
  const summary = textOf(document.summary) || firstLine(textOf(document.details));
  const scores = cvssScores(vectorsOf(document.severity));
  const severity = severityOf(document) ?? (isErratum(id) ? severityOfWord(summary.split(':')[0]) : undefined);
  const modules = isErratum(id) ? modulesOfTitle(summary) : [];
  return {
    source,
    format: 'osv',
    id,
    aliases,
    vulnerabilities: vulnerabilitiesOf(document, id, aliases),
    summary,
    url: urlOf(document, id),
    ...(severity ? { severity } : {}),
    ...(scores[0] ? { cvss: scores[0], scores } : {}),
    ...weaknessesOf(document),
    references: recordsOf(document.references)
      .slice(0, maxReferences)
      .map(({ url }) => textOf(url))
      .filter(isWeb),
    published: textOf(document.published),
    modified: textOf(document.modified) || textOf(document.published),
    isWithdrawn: typeof document.withdrawn === 'string',
    affected: recordsOf(document.affected).flatMap((item) => affectedOf(item, modules)),
  };
}

function vulnerabilitiesOf(document: Record<string, unknown>, id: string, aliases: readonly string[]): string[] {
  const isCve = (name: string) => name.startsWith('CVE-');
  const upstream = textsOf(document.upstream);
  // Errata name what they mend as related or upstream, not as aliases.
  if (isErratum(id)) return vulnerabilitiesOfErratum(id, [...aliases, ...upstream, ...textsOf(document.related)]);
  // Distributions prefix the CVE that they speak of: `UBUNTU-CVE-2024-1`.
  const prefixed = /^[A-Z]+-(CVE-\d{4}-\d{4,})$/.exec(id)?.[1] ?? '';
  return [[id, ...aliases, ...upstream, prefixed].find(isCve) ?? id];
}

function weaknessesOf(document: Record<string, unknown>): { cwes?: readonly string[] } {
  const specific = isRecord(document.database_specific) ? document.database_specific : {};
  const named = [...textsOf(specific.cwe_ids), ...recordsOf(specific.cwes).map(({ cweId }) => textOf(cweId))];
  const cwes = cwesIn(named);
  return cwes.length > 0 ? { cwes } : {};
}

function isWeb(url: string): boolean {
  return /^https?:\/\//.test(url);
}

function affectedOf(item: Record<string, unknown>, modules: readonly string[]): Affected[] {
  const about = isRecord(item.package) ? item.package : {};
  const ecosystem = ecosystemName(textOf(about.ecosystem));
  const name = textOf(about.name);
  if (!ecosystem || name === '') return [];
  const ranges = rangesOf(item);
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
  const isModular = modules.length > 0 && intervals.some(({ before }) => isModularVersion(before ?? ''));
  return [
    {
      ecosystem,
      name: packageKey(ecosystem, name),
      status: 'affected',
      intervals,
      versions,
      fixed: [],
      ...(isModular ? { modules } : {}),
      // Rocky's and SUSE's records name source packages, though binaries may have the same name.
      ...(/^(?:Rocky Linux|SUSE|openSUSE)/.test(ecosystem) ? { naming: 'either' as const } : {}),
      ...(isSemver ? { isSemver: true as const } : {}),
      ...(severity ? { severity } : {}),
      ...(cvss ? { cvss } : {}),
    },
  ];
}

function rangesOf(item: Record<string, unknown>): Record<string, unknown>[] {
  const ranges = recordsOf(item.ranges).filter((range) => range.type === 'SEMVER' || range.type === 'ECOSYSTEM');
  const specific = isRecord(item.ecosystem_specific) ? item.ecosystem_specific : {};
  const custom = recordsOf(specific.custom_ranges).filter((range) => range.type === 'ECOSYSTEM');
  const [only] = ranges;
  const isEverything = ranges.length === 1 && isEveryVersion(recordsOf(only!.events));
  if (custom.length === 0 || !isEverything) return ranges;
  // Go's database says "all versions" where releases are no versions of the module, and has the real ranges beside it.
  // Versions without a release (v0.0.0 with a commit) stay in, as nothing is known of them.
  return [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed: '0.0.1-0' }] }, ...custom];
}

function isEveryVersion(events: readonly Record<string, unknown>[]): boolean {
  return events.length === 1 && textOf(events[0]!.introduced) === '0';
}

type EventKind = 'introduced' | 'fixed' | 'last_affected' | 'limit';
const eventKinds: readonly EventKind[] = ['introduced', 'fixed', 'last_affected', 'limit'];

// "Evaluation" of the schema: events in the order of versions switch between affected and not.
function intervalsOf(events: readonly Record<string, unknown>[], order: VersionOrder): Interval[] {
  const sorted = events
    .flatMap((event) => eventKinds.filter((kind) => kind in event).map((kind) => ({ kind, at: textOf(event[kind]) })))
    .filter(({ at }) => at !== '' && at !== '*')
    // `introduced: X, fixed: X` is how feeds write that a branch never had it.
    .filter((event, index, all) => !isVoid(event, all[index + 1]) && !isVoid(all[index - 1], event))
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

function isVoid(a: RangeEvent | undefined, b: RangeEvent | undefined): boolean {
  return a?.kind === 'introduced' && b?.kind === 'fixed' && a.at === b.at;
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

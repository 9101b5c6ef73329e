import type { MessageInitShape } from '@bufbuild/protobuf';
import type { AffectedEntry, CvssScore } from '@gabion/advisories/advisory';
import type { VulnerabilitySchema } from '@gabion/contracts/gabion/scan/v1/advisories_pb';
import { Severity } from '@gabion/contracts/gabion/scan/v1/scans_pb';
import type { Database, Tx } from '@gabion/postgres/database';
import { Fault } from '@gabion/rpc/fault';
import type { Interval } from '@gabion/versions/interval';
import { sql } from 'kysely';
import { statusMessage } from './vulnerability-status.ts';

type Answer = MessageInitShape<typeof VulnerabilitySchema>;

const maxAffected = 1000;
const maxAliases = 100;

interface Facts {
  readonly id: string;
  readonly epss_score: number | null;
  readonly epss_percentile: number | null;
  readonly epss_date: string | null;
  readonly kev_date: string | null;
  readonly kev_due_date: string | null;
  readonly kev_ransomware: boolean | null;
  readonly cvss: CvssScore[] | null;
  readonly cwes: string[] | null;
  readonly summary: string | null;
  readonly record_source: string | null;
}

/** What is known of vulnerabilities, whatever source tells it. */
export class Vulnerabilities {
  constructor(private readonly db: Database) {}

  /** By any of its names; the names that advisories join are those of one vulnerability. */
  get(asked: string): Promise<Answer> {
    return this.db.transaction(
      async (tx) => {
        const entries = await entriesOf(tx, asked);
        const ids = new Set([asked, ...entries.flatMap((entry) => namesOf(entry, asked))]);
        const facts = await factsOf(tx, [...ids]);
        if (entries.length === 0 && facts.length === 0)
          throw new Fault('not_found', `no source speaks of ${asked}`, { code: 'vulnerability_not_found' });
        return answer(asked, [...ids], entries, facts);
      },
      { isolation: 'repeatable read' },
    );
  }
}

async function entriesOf(tx: Tx, id: string): Promise<AffectedEntry[]> {
  const { rows } = await sql<{ entry: AffectedEntry }>`
    select entry from advisory_entries where ids @> array[${id}]::text[] or ids @> array[${id.toUpperCase()}]::text[]
    order by ecosystem, package, source limit ${maxAffected}`.execute(tx);
  return rows.map(({ entry }) => entry);
}

async function factsOf(tx: Tx, ids: readonly string[]): Promise<Facts[]> {
  const { rows } = await sql<Facts>`
    select id, epss_score, epss_percentile, epss_date::text, kev_date::text, kev_due_date::text, kev_ransomware, cvss, cwes, summary,
      record_source
    from vulnerability_facts where id = any(${[...ids]}::text[])`.execute(tx);
  return rows;
}

/** An erratum covers several vulnerabilities: it gives no other names to any of them. */
function namesOf({ id, vulnerabilities, aliases = [] }: AffectedEntry, asked: string): string[] {
  if (vulnerabilities.length > 1) return vulnerabilities.includes(asked) ? [] : [id];
  return [id, ...vulnerabilities, ...aliases];
}

function answer(
  asked: string,
  ids: readonly string[],
  entries: readonly AffectedEntry[],
  facts: readonly Facts[],
): Answer {
  const id = ids.find((each) => each.startsWith('CVE-')) ?? asked;
  const told = facts.find((each) => each.id === id) ?? facts[0];
  const scored = facts.find((each) => each.epss_score !== null);
  const known = facts.find((each) => each.kev_ransomware !== null);
  return {
    id,
    aliases: ids
      .filter((each) => each !== id)
      .sort()
      .slice(0, maxAliases),
    summary: entries.find(({ summary }) => summary)?.summary ?? told?.summary ?? '',
    severities: severitiesOf(entries, facts),
    ...((scored || known) && {
      exploitation: {
        epssScore: scored?.epss_score ?? 0,
        epssPercentile: scored?.epss_percentile ?? 0,
        epssDate: scored?.epss_date ?? '',
        kevDate: known?.kev_date ?? '',
        kevDueDate: known?.kev_due_date ?? '',
        kevRansomware: known?.kev_ransomware ?? false,
      },
    }),
    cwes: [
      ...new Set([...facts.flatMap(({ cwes }) => cwes ?? []), ...entries.flatMap(({ cwes }) => cwes ?? [])]),
    ].sort(),
    affected: entries.map(affectedMessage),
  };
}

function severitiesOf(entries: readonly AffectedEntry[], facts: readonly Facts[]): NonNullable<Answer['severities']> {
  const bySource = new Map<string, { source: string; severity: Severity; cvssScore: number; cvssVector: string }>();
  for (const { source, severity, cvss } of entries) {
    if (!severity && !cvss) continue;
    const said = {
      source,
      severity: severityNamed(severity),
      cvssScore: cvss?.score ?? 0,
      cvssVector: cvss?.vector ?? '',
    };
    const before = bySource.get(source);
    if (!before || said.severity > before.severity) bySource.set(source, said);
  }
  for (const { cvss, record_source: source } of facts) {
    const worst = cvss?.toSorted((a, b) => b.score - a.score)[0];
    if (worst && source)
      bySource.set(source, {
        source,
        severity: Severity.UNKNOWN,
        cvssScore: worst.score,
        cvssVector: worst.vector,
      });
  }
  return [...bySource.values()].sort((a, b) => (a.source < b.source ? -1 : 1));
}

function affectedMessage(entry: AffectedEntry): NonNullable<Answer['affected']>[number] {
  const { ecosystem, name, source, id, intervals = [], versions = [], fixed = [] } = entry;
  const fixedVersion = fixed[0] ?? intervals.find(({ before }) => before !== undefined)?.before ?? '';
  const listed =
    versions.length > 0 ? [`= ${versions.slice(0, 20).join(', ')}${versions.length > 20 ? ', …' : ''}`] : [];
  return {
    ecosystem,
    name,
    source,
    advisoryId: id,
    range: [...intervals.map(rangeText), ...listed].join(' || ').slice(0, 2000),
    fixedVersion,
    status: statusMessage(entry.status ?? 'affected', fixedVersion !== ''),
  };
}

/** `>= 1.0, < 1.2`; `*` without bounds. */
function rangeText({ from, after, before, through }: Interval): string {
  const bounds = [
    from !== undefined && from !== '0' && `>= ${from}`,
    after !== undefined && `> ${after}`,
    before !== undefined && `< ${before}`,
    through !== undefined && `<= ${through}`,
  ].filter((bound) => bound !== false);
  return bounds.length > 0 ? bounds.join(', ') : '*';
}

function severityNamed(name: AffectedEntry['severity'] = 'unknown'): Severity {
  return Severity[name.toUpperCase() as Uppercase<typeof name>];
}

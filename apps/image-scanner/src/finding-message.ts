import type { MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import type { Match } from '@gabion/advisories/match';
import type { FindingSchema, PackageSchema } from '@gabion/contracts/gabion/scan/v1/scans_pb';
import type { Package } from '@gabion/inventory/package';
import type { Database, Tx } from '@gabion/postgres/database';
import { sql } from 'kysely';
import type { FindingPlace, StaticFinding } from './finding.ts';
import { type ImageFinding, scoreThatCounts } from './image-findings.ts';
import { severities } from './judgement.ts';
import type { ImageLayer } from './scan.ts';
import type { Suppression } from './suppression.ts';
import { statusMessage } from './vulnerability-status.ts';

type FindingMessage = MessageInitShape<typeof FindingSchema>;
type PackageMessage = MessageInitShape<typeof PackageSchema>;

/** What is told of a vulnerability beyond what findings are ranked by. */
interface Told {
  readonly component_id: number;
  readonly vulnerability_id: string;
  readonly content: Match;
  readonly facts: Facts | null;
}

interface Facts {
  readonly epss_score: number | null;
  readonly epss_percentile: number | null;
  readonly epss_date: string | null;
  readonly kev_date: string | null;
  readonly kev_due_date: string | null;
  readonly kev_ransomware: boolean | null;
  readonly cwes: string[] | null;
  readonly summary: string | null;
}

/** Findings as callers see them, in their order. */
export async function findingMessages(
  within: Database['kysely'] | Tx,
  findings: readonly ImageFinding[],
  layers: readonly ImageLayer[],
): Promise<FindingMessage[]> {
  const told = await toldOf(within, findings);
  const createdBy = new Map(layers.map((layer) => [layer.diffId, layer.createdBy]));
  return findings.map((each) => {
    const { vulnerability, found } = each;
    const place = found?.place ?? { path: each.path, layerDiffId: each.subject?.layerDiffId ?? '' };
    const about = vulnerability && told.get(keyOf(vulnerability));
    return {
      id: each.id,
      kind: each.kind,
      severity: each.severity,
      location: locationOf(place, createdBy.get(place.layerDiffId) ?? ''),
      ...(each.subject && { package: packageMessage(each.subject) }),
      ...(each.suppression && { suppression: suppressionMessage(each.suppression) }),
      ...(found && { summary: found.summary, detail: detailOf(found) }),
      ...(about && vulnerabilityMessage(each, about)),
    };
  });
}

export function packageMessage(found: Package): PackageMessage {
  return { ...found, licenses: [...found.licenses] };
}

async function toldOf(
  within: Database['kysely'] | Tx,
  findings: readonly ImageFinding[],
): Promise<ReadonlyMap<string, Told>> {
  const wanted = findings.flatMap((each) => each.vulnerability ?? []);
  if (wanted.length === 0) return new Map();
  const { rows } = await sql<Told>`
    select f.component_id, f.vulnerability_id, f.content, case when facts.id is not null then
      jsonb_build_object('epss_score', facts.epss_score, 'epss_percentile', facts.epss_percentile,
        'epss_date', facts.epss_date, 'kev_date', facts.kev_date, 'kev_due_date', facts.kev_due_date,
        'kev_ransomware', facts.kev_ransomware, 'cwes', facts.cwes, 'summary', facts.summary) end as facts
    from unnest(${wanted.map((each) => each.component_id)}::int[],
      ${wanted.map((each) => each.vulnerability_id)}::text[]) as wanted (component_id, vulnerability_id)
    join component_findings f using (component_id, vulnerability_id)
    left join vulnerability_facts facts on facts.id = f.vulnerability_id`.execute(within);
  return new Map(rows.map((each) => [keyOf(each), each]));
}

function keyOf(each: { readonly component_id: number; readonly vulnerability_id: string }): string {
  return `${each.component_id} ${each.vulnerability_id}`;
}

function vulnerabilityMessage(finding: ImageFinding, { content, facts }: Told) {
  const { advisory } = content;
  return {
    vulnerabilityId: content.vulnerabilityId,
    aliases: [...content.aliases],
    cvssScore: finding.cvssScore,
    cvssVector: content.cvss?.vector ?? (finding.vulnerability && scoreThatCounts(finding.vulnerability))?.vector ?? '',
    fixedVersion: content.fixedVersion ?? '',
    advisory: { source: advisory.source, id: advisory.id, url: advisory.url, rule: content.rule },
    summary: content.summary || (facts?.summary ?? ''),
    status: statusMessage(content.status, Boolean(content.fixedVersion)),
    severities: content.severities.map((each) => ({
      source: each.source,
      severity: severities[each.severity],
      cvssScore: each.cvss?.score ?? 0,
      cvssVector: each.cvss?.vector ?? '',
    })),
    cwes: content.cwes.length > 0 ? [...content.cwes] : (facts?.cwes ?? []),
    references: [...content.references],
    malicious: content.isMalicious,
    ...(facts && isRated(facts) && { exploitation: exploitationOf(facts) }),
  };
}

function isRated(facts: Facts): boolean {
  return facts.epss_score !== null || facts.kev_date !== null;
}

function exploitationOf(facts: Facts): FindingMessage['exploitation'] {
  return {
    epssScore: facts.epss_score ?? 0,
    epssPercentile: facts.epss_percentile ?? 0,
    epssDate: facts.epss_date ?? '',
    kevDate: facts.kev_date ?? '',
    kevDueDate: facts.kev_due_date ?? '',
    kevRansomware: facts.kev_ransomware ?? false,
  };
}

function locationOf(place: FindingPlace, createdBy: string): FindingMessage['location'] {
  const { path, line, layerDiffId, isDeleted } = place;
  return { path, line: line ?? 0, layerDiffId, createdBy, deleted: isDeleted ?? false };
}

function detailOf(found: StaticFinding): NonNullable<FindingMessage['detail']> {
  switch (found.kind) {
    case 'secret': {
      const { ruleId, title, redacted, origin } = found;
      return { case: 'secret', value: { ruleId, title, redacted, origin } };
    }
    case 'malware': {
      const { name, engine, digest } = found;
      return { case: 'malware', value: { name, engine, digest } };
    }
    case 'configuration': {
      const { checkId, message, remediation, benchmarks } = found;
      return { case: 'configuration', value: { checkId, message, remediation, benchmarks: [...benchmarks] } };
    }
    case 'licence': {
      const { licence, category, verdict } = found;
      return { case: 'licence', value: { licence, category, verdict } };
    }
    default: {
      const never: never = found;
      throw new Error(`unknown finding ${JSON.stringify(never)}`);
    }
  }
}

function suppressionMessage({ expireTime, ...said }: Suppression): FindingMessage['suppression'] {
  return { ...said, ...(expireTime && { expireTime: timestampFromDate(expireTime) }) };
}

import { createHash } from 'node:crypto';
import type { AffectedEntry } from '@gabion/advisories/advisory';
import { type Lookup, lookupsOf as lookupsOfPackage } from '@gabion/advisories/lookups';
import { isJudgeable, type Match, match } from '@gabion/advisories/match';
import { Severity } from '@gabion/contracts/gabion/scan/v1/scans_pb';
import type { Component } from './component.ts';
import type { Warning } from './scan.ts';

/** What the advisories say of a component. */
export interface Judged {
  readonly vulnerabilityId: string;
  /** All names of the vulnerability, the id first. */
  readonly names: readonly string[];
  readonly severity: Severity;
  /** 0 where there is none. */
  readonly cvssScore: number;
  /** Empty where no source names one. */
  readonly fixedVersion: string;
  /** The component is itself an attack. */
  readonly isMalicious: boolean;
  readonly content: Match;
  /** Of the content. */
  readonly hash: Buffer;
}

/** Under which names the advisories of these components stand, each once. */
export function lookupsOf(components: readonly Component[]): Lookup[] {
  const lookups = components.flatMap(lookupsOfPackage);
  return [...new Map(lookups.map((each) => [keyOf(each), each])).values()];
}

/** Judges each component by the entries that are stored under its lookups. */
export function judge(components: readonly Component[], entries: readonly AffectedEntry[]): Judged[][] {
  const byLookup = Map.groupBy(entries, keyOf);
  return components.map((each) => {
    const concerning = lookupsOfPackage(each).flatMap((lookup) => byLookup.get(keyOf(lookup)) ?? []);
    const found = match(each, concerning).map(judged);
    return [...new Map(found.map((one) => [one.vulnerabilityId, one])).values()];
  });
}

/** Why components were not judged; `ecosystems` are those of which any source speaks. */
export function warningsOf(components: readonly Component[], ecosystems: ReadonlySet<string>): Warning[] {
  const present = components.filter((each) => each.ecosystem !== '');
  const silent = [...new Set(present.map((each) => each.ecosystem))].filter((each) => !ecosystems.has(each)).sort();
  const unjudged = present.filter((each) => !isJudgeable(each)).length;
  const warnings = silent.map((ecosystem) => ({
    code: 'no_advisories',
    message: `no imported source has advisories for ${ecosystem}: its packages were not judged`,
  }));
  if (unjudged === 0) return warnings;
  const message = `${unjudged} packages have versions that cannot be put in order: they were not judged`;
  return [...warnings, { code: 'version_not_comparable', message }];
}

function judged(content: Match): Judged {
  const names = [content.vulnerabilityId, ...content.aliases];
  return {
    vulnerabilityId: content.vulnerabilityId,
    names,
    severity: severities[content.severity],
    cvssScore: content.cvss?.score ?? 0,
    fixedVersion: content.fixedVersion ?? '',
    isMalicious: content.isMalicious,
    content,
    hash: createHash('sha256').update(JSON.stringify(content)).digest().subarray(0, 16),
  };
}

/** Severities of the engines as the contract has them: the worse the greater. */
export const severities: Readonly<Record<Match['severity'], Severity>> = {
  critical: Severity.CRITICAL,
  high: Severity.HIGH,
  medium: Severity.MEDIUM,
  low: Severity.LOW,
  negligible: Severity.NEGLIGIBLE,
  unknown: Severity.UNKNOWN,
};

function keyOf({ ecosystem, name }: Lookup): string {
  return `${ecosystem}\n${name}`;
}

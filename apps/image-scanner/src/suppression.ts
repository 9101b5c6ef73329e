import { FindingKind } from '@gabion/contracts/gabion/scan/v1/scans_pb';
import type { Package } from '@gabion/inventory/package';
import { decide } from '@gabion/vex/decide';
import { type Exception, exceptionFor } from '@gabion/vex/exceptions';
import type { Statement } from '@gabion/vex/statement';
import type { ImageFinding } from './image-findings.ts';

/** Why a finding does not count. */
export interface Suppression {
  readonly kind: 'vex' | 'exception';
  /** Document or exception that says so. */
  readonly id: string;
  /** Of a VEX statement. */
  readonly status: string;
  readonly justification: string;
  readonly reason: string;
  readonly owner: string;
  readonly expireTime: Date | undefined;
}

/** The image whose findings are looked at, with the names by which it is looked at. */
export interface Subject {
  readonly digest: string;
  readonly platform: string;
  readonly names: readonly string[];
  readonly packages: readonly Package[];
}

/** Says of a finding why it does not count; undefined where nobody does. */
export type Suppresses = (finding: ImageFinding, subject: Subject) => Suppression | undefined;

/** Words of exceptions for the kinds of findings. */
export const kindWords: Readonly<Record<FindingKind, string>> = {
  [FindingKind.UNSPECIFIED]: '',
  [FindingKind.VULNERABILITY]: 'vulnerability',
  [FindingKind.SECRET]: 'secret',
  [FindingKind.MALWARE]: 'malware',
  [FindingKind.CONFIGURATION]: 'configuration',
  [FindingKind.LICENCE]: 'licence',
};

/** A statement of an imported VEX document, with the id under which that is kept. */
export interface KeptStatement {
  readonly documentId: string;
  readonly statement: Statement;
}

/** Puts together what hides findings at a moment. */
export function suppressesBy(
  exceptions: readonly Exception[],
  statements: readonly KeptStatement[],
  now: Date,
): Suppresses {
  const excepted = byName(exceptions, ({ scope }) => [scope.vulnerabilityId || scope.ruleId || '']);
  const stated = byName(statements, ({ statement }) => statement.vulnerabilities);
  return (finding, subject) => {
    const names = finding.names.map((name) => name.toLowerCase());
    const about = [...new Set(names.flatMap((name) => stated.get(name) ?? []))];
    const candidates = [...new Set(names.flatMap((name) => excepted.get(name) ?? [])), ...(excepted.get('') ?? [])];
    if (about.length === 0 && candidates.length === 0) return undefined;
    // Nothing is hidden that any of the image's names shows.
    const found = subject.names.map(
      (name) => byStatement(finding, subject, name, about) ?? byException(finding, name, candidates, now),
    );
    return found.includes(undefined) ? undefined : found[0];
  };
}

function byName<T>(all: readonly T[], namesOf: (each: T) => readonly string[]): Map<string, T[]> {
  const found = new Map<string, T[]>();
  for (const each of all)
    for (const name of new Set(namesOf(each).map((one) => one.toLowerCase())))
      found.set(name, [...(found.get(name) ?? []), each]);
  return found;
}

function byException(
  finding: ImageFinding,
  name: string,
  candidates: readonly Exception[],
  now: Date,
): Suppression | undefined {
  if (candidates.length === 0) return undefined;
  const about = {
    id: finding.id,
    kind: kindWords[finding.kind],
    vulnerabilityIds: finding.vulnerability ? finding.names : [],
    ...(finding.found && { ruleId: finding.names[0]! }),
    ...(finding.subject && { purl: finding.subject.purl }),
    path: finding.path,
  };
  const found = exceptionFor(about, name, candidates, now);
  if (!found) return undefined;
  const { id, reason, owner, expiresAt } = found;
  return { kind: 'exception', id, status: '', justification: '', reason, owner, expireTime: new Date(expiresAt) };
}

function byStatement(
  finding: ImageFinding,
  { digest, platform, packages }: Subject,
  target: string,
  about: readonly KeptStatement[],
): Suppression | undefined {
  if (!finding.vulnerability || !finding.subject || about.length === 0) return undefined;
  const [vulnerabilityId = '', ...aliases] = finding.names;
  const image = { target, imageDigest: digest, platform, packages };
  const statements = about.map(({ statement }) => statement);
  const decision = decide({ vulnerabilityId, aliases, package: finding.subject }, image, statements);
  if (!decision?.isSettled) return undefined;
  const { statement } = decision;
  return {
    kind: 'vex',
    id: about.find((each) => each.statement === statement)!.documentId,
    status: statement.status,
    justification: statement.justification ?? '',
    reason: statement.impact ?? '',
    owner: statement.author,
    expireTime: undefined,
  };
}

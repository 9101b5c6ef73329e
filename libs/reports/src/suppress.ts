import { decide } from '@gabion/vex/decide';
import { type Exception, exceptionFor } from '@gabion/vex/exceptions';
import type { Statement } from '@gabion/vex/statement';
import { leftOutBy, type View } from '@gabion/vex/views';
import type { Finding, ScanResult, Suppression } from './scan-result.ts';

/** What may take findings out of the count. */
export interface Suppressing {
  readonly statements: readonly Statement[];
  readonly exceptions: readonly Exception[];
  readonly view: View;
  readonly now: Date;
}

/** The result with each finding suppressed by what is about it: a VEX statement, else an exception, else the view. */
export function suppressed(result: ScanResult, by: Suppressing): ScanResult {
  const named = statementsByName(by.statements);
  const findings = result.findings.map((finding) => {
    const { suppressedBy: _before, ...plain } = finding;
    const suppressedBy = byVex(finding, result, named) ?? byException(finding, result, by) ?? byView(finding, by);
    return (suppressedBy ? { ...plain, suppressedBy } : plain) as Finding;
  });
  return { ...result, findings };
}

/** The rule of a secret, the check of the configuration or the licence that exceptions name. */
function ruleIdOf(finding: Finding): string | undefined {
  if (finding.kind === 'secret') return finding.ruleId;
  if (finding.kind === 'configuration') return finding.checkId;
  if (finding.kind === 'licence') return finding.licence;
  return finding.kind === 'malware' ? finding.name : undefined;
}

type ByName = ReadonlyMap<string, readonly Statement[]>;

function statementsByName(statements: readonly Statement[]): ByName {
  const byName = new Map<string, Statement[]>();
  for (const statement of statements)
    for (const name of new Set(statement.vulnerabilities.map((each) => each.toLowerCase())))
      byName.get(name)?.push(statement) ?? byName.set(name, [statement]);
  return byName;
}

function byVex(finding: Finding, result: ScanResult, named: ByName): Suppression | undefined {
  if (finding.kind !== 'vulnerability') return undefined;
  const found = result.packages[finding.package];
  const names = [finding.vulnerabilityId, ...finding.aliases];
  const about = new Set(names.flatMap((name) => named.get(name.toLowerCase()) ?? []));
  const decision = found && about.size > 0 ? decide({ ...finding, package: found }, result, [...about]) : undefined;
  if (!decision?.isSettled) return undefined;
  const { documentId, status, justification, impact, author } = decision.statement;
  return {
    kind: 'vex',
    id: documentId,
    status,
    ...(justification && { justification }),
    reason: impact ?? '',
    owner: author,
  };
}

function byException(finding: Finding, result: ScanResult, { exceptions, now }: Suppressing): Suppression | undefined {
  const isOfPackage = finding.kind === 'vulnerability' || finding.kind === 'licence';
  const purl = isOfPackage ? result.packages[finding.package]?.purl : undefined;
  const ruleId = ruleIdOf(finding);
  const excepted = {
    id: finding.id,
    kind: finding.kind,
    vulnerabilityIds: finding.kind === 'vulnerability' ? [finding.vulnerabilityId, ...finding.aliases] : [],
    ...(ruleId && { ruleId }),
    ...(purl && { purl }),
    ...(finding.path !== undefined && { path: finding.path }),
  };
  const exception = exceptionFor(excepted, result.target, exceptions, now);
  if (!exception) return undefined;
  const { id, reason, owner, expiresAt } = exception;
  return { kind: 'exception', id, status: 'accepted', reason, owner, expiresAt };
}

function byView(finding: Finding, { view, now }: Suppressing): Suppression | undefined {
  const part = finding.kind === 'vulnerability' && !finding.kev ? leftOutBy(view, finding, now) : undefined;
  if (!part) return undefined;
  const reason = part === 'fixable_only' ? 'no upgrade removes it' : `fixed for less than ${view.gracePeriodDays} days`;
  return { kind: 'view', id: part, status: 'left_out', reason, owner: '' };
}

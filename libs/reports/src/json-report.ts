import { countsOf } from './counts.ts';
import type { ReportOptions } from './render.ts';
import type { ScanResult } from './scan-result.ts';

/**
 * The result itself with its counts. `schemaVersion` changes when a field changes its meaning or goes away, not when one
 * is added; `package` of a finding is an index in `packages`.
 */
export function jsonReport(result: ScanResult, { createdAt, includeSuppressed }: ReportOptions) {
  const findings = includeSuppressed ? result.findings : result.findings.filter(({ suppressedBy }) => !suppressedBy);
  return { schemaVersion: 1, createdAt, counts: countsOf(result.findings), ...result, findings };
}

import { Severity, type SeverityCounts } from '@gabion/contracts/gabion/scan/v1/scans_pb';

/** Worst first. */
export const severityNames = ['critical', 'high', 'medium', 'low', 'negligible', 'unknown'] as const;
export type SeverityName = (typeof severityNames)[number];

/** The word for a severity of the contract. */
export function nameOf(severity: Severity): SeverityName {
  return severityNames[Severity.CRITICAL - severity] ?? 'unknown';
}

/** How many findings are as bad as `limit` or worse. An unknown severity counts at its own limit only, where everything does. */
export function countFrom(counts: SeverityCounts | undefined, limit: SeverityName): number {
  const worse = severityNames.slice(0, severityNames.indexOf(limit) + 1);
  return worse.reduce((sum, name) => sum + (counts?.[name] ?? 0), 0);
}

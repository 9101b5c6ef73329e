/** Worst first. */
export const severityNames = ['critical', 'high', 'medium', 'low', 'negligible', 'unknown'] as const;
export type SeverityName = (typeof severityNames)[number];

/** Whether a severity is as bad as a limit or worse. An unknown one is at its own limit only, where everything is. */
export function isAtLeast(severity: SeverityName, limit: SeverityName): boolean {
  return severityNames.indexOf(severity) <= severityNames.indexOf(limit);
}

import type { Severity as SeverityWord } from '@gabion/advisories/advisory';
import type { Severity } from '@gabion/contracts/gabion/scan/v1/scans_pb';
import { severities } from '../judgement.ts';

const words = new Map(Object.entries(severities).map(([word, severity]) => [severity, word as SeverityWord]));

/** The engines' word for a severity of the contract. */
export function severityWord(severity: Severity): SeverityWord {
  return words.get(severity) ?? 'unknown';
}

import type { Scores } from './scores.ts';

// CVSS v3.1 Specification Document, 7.4.
const weights: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  AV: { N: 0.85, A: 0.62, L: 0.55, P: 0.2 },
  AC: { L: 0.77, H: 0.44 },
  UI: { N: 0.85, R: 0.62 },
  C: { H: 0.56, L: 0.22, N: 0 },
  I: { H: 0.56, L: 0.22, N: 0 },
  A: { H: 0.56, L: 0.22, N: 0 },
  E: { X: 1, H: 1, F: 0.97, P: 0.94, U: 0.91 },
  RL: { X: 1, U: 1, W: 0.97, T: 0.96, O: 0.95 },
  RC: { X: 1, C: 1, R: 0.96, U: 0.92 },
  CR: { X: 1, H: 1.5, M: 1, L: 0.5 },
  IR: { X: 1, H: 1.5, M: 1, L: 0.5 },
  AR: { X: 1, H: 1.5, M: 1, L: 0.5 },
};
const privileges = {
  unchanged: { N: 0.85, L: 0.62, H: 0.27 },
  changed: { N: 0.85, L: 0.68, H: 0.5 },
} as const;

const environmentalMetrics = ['CR', 'IR', 'AR', 'MAV', 'MAC', 'MPR', 'MUI', 'MS', 'MC', 'MI', 'MA'];

/** Scores of a CVSS 3.0 or 3.1 vector. */
export function scoreV3(version: '3.0' | '3.1', metrics: ReadonlyMap<string, string>): Scores {
  const given = (name: string) => (metrics.get(name) ?? 'X') !== 'X';
  const temporalFactor = weightOf(metrics, 'E') * weightOf(metrics, 'RL') * weightOf(metrics, 'RC');
  const base = baseScore(metrics);
  const temporal = ['E', 'RL', 'RC'].some(given) ? roundUp(base * temporalFactor) : undefined;
  const environmental = environmentalMetrics.some(given)
    ? environmentalScore(version, metrics, temporalFactor)
    : undefined;
  return { base, temporal, environmental, overall: environmental ?? temporal ?? base };
}

function baseScore(metrics: ReadonlyMap<string, string>): number {
  const miss = 1 - (1 - weightOf(metrics, 'C')) * (1 - weightOf(metrics, 'I')) * (1 - weightOf(metrics, 'A'));
  const isChanged = metrics.get('S') === 'C';
  const impact = isChanged ? 7.52 * (miss - 0.029) - 3.25 * (miss - 0.02) ** 15 : 6.42 * miss;
  if (impact <= 0) return 0;
  return combined(impact, exploitability(metrics, isChanged), isChanged);
}

function environmentalScore(
  version: '3.0' | '3.1',
  metrics: ReadonlyMap<string, string>,
  temporalFactor: number,
): number {
  const modified = new Map(metrics);
  for (const name of ['AV', 'AC', 'PR', 'UI', 'S', 'C', 'I', 'A']) {
    const value = metrics.get(`M${name}`);
    if (value && value !== 'X') modified.set(name, value);
  }
  const kept = (impact: string, requirement: string) =>
    1 - weightOf(modified, impact) * weightOf(modified, requirement);
  const miss = Math.min(1 - kept('C', 'CR') * kept('I', 'IR') * kept('A', 'AR'), 0.915);
  const isChanged = modified.get('S') === 'C';
  const impact = isChanged ? 7.52 * (miss - 0.029) - 3.25 * modifiedTail(version, miss) : 6.42 * miss;
  if (impact <= 0) return 0;
  return roundUp(combined(impact, exploitability(modified, isChanged), isChanged) * temporalFactor);
}

// The one formula that 3.1 changed (3.1 Specification, appendix A of the user guide).
function modifiedTail(version: '3.0' | '3.1', miss: number): number {
  return version === '3.0' ? (miss - 0.02) ** 15 : (miss * 0.9731 - 0.02) ** 13;
}

function exploitability(metrics: ReadonlyMap<string, string>, isChanged: boolean): number {
  const required = metrics.get('PR') as 'N' | 'L' | 'H';
  const privilege = privileges[isChanged ? 'changed' : 'unchanged'][required];
  return 8.22 * weightOf(metrics, 'AV') * weightOf(metrics, 'AC') * privilege * weightOf(metrics, 'UI');
}

function combined(impact: number, exploit: number, isChanged: boolean): number {
  return roundUp(Math.min((isChanged ? 1.08 : 1) * (impact + exploit), 10));
}

function weightOf(metrics: ReadonlyMap<string, string>, name: string): number {
  return weights[name]![metrics.get(name) ?? 'X']!;
}

// Roundup of 3.1, appendix A. Version 3.0 defines the same on exact numbers, so it serves both.
function roundUp(value: number): number {
  const scaled = Math.round(value * 100_000);
  return scaled % 10_000 === 0 ? scaled / 100_000 : (Math.floor(scaled / 10_000) + 1) / 10;
}

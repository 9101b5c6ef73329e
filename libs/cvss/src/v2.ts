import type { Scores } from './scores.ts';

// CVSS v2.0 Complete Documentation, 3.2.
const weights: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  AV: { L: 0.395, A: 0.646, N: 1 },
  AC: { H: 0.35, M: 0.61, L: 0.71 },
  Au: { M: 0.45, S: 0.56, N: 0.704 },
  C: { N: 0, P: 0.275, C: 0.66 },
  I: { N: 0, P: 0.275, C: 0.66 },
  A: { N: 0, P: 0.275, C: 0.66 },
  E: { U: 0.85, POC: 0.9, F: 0.95, H: 1, ND: 1 },
  RL: { OF: 0.87, TF: 0.9, W: 0.95, U: 1, ND: 1 },
  RC: { UC: 0.9, UR: 0.95, C: 1, ND: 1 },
  CDP: { N: 0, L: 0.1, LM: 0.3, MH: 0.4, H: 0.5, ND: 0 },
  TD: { N: 0, L: 0.25, M: 0.75, H: 1, ND: 1 },
  CR: { L: 0.5, M: 1, H: 1.51, ND: 1 },
  IR: { L: 0.5, M: 1, H: 1.51, ND: 1 },
  AR: { L: 0.5, M: 1, H: 1.51, ND: 1 },
};

/** Scores of a CVSS 2.0 vector. */
export function scoreV2(metrics: ReadonlyMap<string, string>): Scores {
  const weight = (name: string) => weights[name]![metrics.get(name) ?? 'ND']!;
  const temporalFactor = () => weight('E') * weight('RL') * weight('RC');
  const baseOf = (impact: number) => {
    const exploitability = 20 * weight('AV') * weight('AC') * weight('Au');
    return round((0.6 * impact + 0.4 * exploitability - 1.5) * (impact === 0 ? 0 : 1.176));
  };
  const impactWith = (c: number, i: number, a: number) =>
    10.41 * (1 - (1 - weight('C') * c) * (1 - weight('I') * i) * (1 - weight('A') * a));

  const base = baseOf(impactWith(1, 1, 1));
  const temporal = metrics.has('E') ? round(base * temporalFactor()) : undefined;
  if (!metrics.has('CDP')) return { base, temporal, environmental: undefined, overall: temporal ?? base };

  const adjustedBase = baseOf(Math.min(10, impactWith(weight('CR'), weight('IR'), weight('AR'))));
  const adjusted = round(adjustedBase * temporalFactor());
  const environmental = round((adjusted + (10 - adjusted) * weight('CDP')) * weight('TD'));
  return { base, temporal, environmental, overall: environmental };
}

// Binary fractions leave ties like 8.05 a hair below; eight decimals are far beyond what the weights can tell apart.
function round(value: number): number {
  return Math.round(Number((value * 10).toFixed(8))) / 10;
}

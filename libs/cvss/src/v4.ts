import type { Scores } from './scores.ts';
import { macroVectorScores } from './v4-macrovectors.ts';

type Metrics = ReadonlyMap<string, string>;
/** Levels of the six equivalence classes. */
type MacroVector = readonly [number, number, number, number, number, number];

/** Scores of a CVSS 4.0 vector: `base` is CVSS-B, `overall` counts threat and environmental metrics too. */
export function scoreV4(metrics: Metrics): Scores {
  const base = scoreOf(new Map([...metrics].filter(([name]) => baseMetrics.has(name))));
  return { base, temporal: undefined, environmental: undefined, overall: scoreOf(metrics) };
}

const baseMetrics: ReadonlySet<string> = new Set(['AV', 'AC', 'AT', 'PR', 'UI', 'VC', 'VI', 'VA', 'SC', 'SI', 'SA']);

// CVSS v4.0 Specification Document, 8.2: the macro-vector's score, less the mean of how far the vector lies below the
// highest of its macro-vector in each equivalence class, in proportion to the step to the next lower macro-vector.
function scoreOf(metrics: Metrics): number {
  const effective = effectiveMetrics(metrics);
  if (['VC', 'VI', 'VA', 'SC', 'SI', 'SA'].every((name) => effective(name) === 'N')) return 0;
  const macro = macroVectorOf(effective);
  const score = lookUp(macro)!;
  const below = distances(effective, macro);
  const losses = classes.flatMap((equivalence) => {
    const next = equivalence.nextLower(macro);
    if (next === undefined) return [];
    const depth = equivalence.depth(macro);
    return [(score - next) * (depth === 0 ? 0 : below[equivalence.name] / depth)];
  });
  const mean = losses.length === 0 ? 0 : losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
  // FIRST's calculator adds 1e-6 before rounding so that binary fractions do not round x.x5 down.
  return Math.round((Math.min(10, Math.max(0, score - mean)) + 1e-6) * 10) / 10;
}

/** The value that counts for a metric: modified before base, defaults for what is not defined (X). */
function effectiveMetrics(metrics: Metrics): (name: string) => string {
  const defaults: Readonly<Record<string, string>> = { E: 'A', CR: 'H', IR: 'H', AR: 'H' };
  return (name) => {
    const modified = metrics.get(`M${name}`) ?? 'X';
    if (modified !== 'X') return modified;
    const value = metrics.get(name) ?? 'X';
    return value === 'X' ? (defaults[name] ?? 'X') : value;
  };
}

// CVSS v4.0 Specification Document, tables 24 to 29.
function macroVectorOf(effective: (name: string) => string): MacroVector {
  const is = (name: string, value: string) => effective(name) === value;
  const open = [is('AV', 'N'), is('PR', 'N'), is('UI', 'N')].filter(Boolean).length;
  const eq1 = open === 3 ? 0 : open > 0 && !is('AV', 'P') ? 1 : 2;
  const eq2 = is('AC', 'L') && is('AT', 'N') ? 0 : 1;
  const eq3 = is('VC', 'H') && is('VI', 'H') ? 0 : is('VC', 'H') || is('VI', 'H') || is('VA', 'H') ? 1 : 2;
  const isSafety = is('SI', 'S') || is('SA', 'S');
  const eq4 = isSafety ? 0 : is('SC', 'H') || is('SI', 'H') || is('SA', 'H') ? 1 : 2;
  const eq5 = is('E', 'A') ? 0 : is('E', 'P') ? 1 : 2;
  const isRequired = (requirement: string, impact: string) => is(requirement, 'H') && is(impact, 'H');
  const eq6 = isRequired('CR', 'VC') || isRequired('IR', 'VI') || isRequired('AR', 'VA') ? 0 : 1;
  return [eq1, eq2, eq3, eq4, eq5, eq6];
}

function lookUp([eq1, eq2, eq3, eq4, eq5, eq6]: MacroVector): number | undefined {
  const row = macroVectorScores[`${eq1}${eq2}${eq3}${eq4}`];
  if (!row || eq5 > 2 || eq6 > 1) return undefined;
  return eq3 === 2 ? (eq6 === 1 ? row[eq5] : undefined) : row[eq5 * 2 + eq6];
}

type ClassName = 'eq1' | 'eq2' | 'eq3eq6' | 'eq4' | 'eq5';

interface EquivalenceClass {
  readonly name: ClassName;
  /** Score of the macro-vector one step lower in this class alone. */
  nextLower(macro: MacroVector): number | undefined;
  /** Steps from the highest vector of the level to the lowest. */
  depth(macro: MacroVector): number;
}

const classes: readonly EquivalenceClass[] = [
  { name: 'eq1', nextLower: ([a, ...rest]) => lookUp([a + 1, ...rest]), depth: ([a]) => [1, 4, 5][a]! },
  { name: 'eq2', nextLower: ([a, b, ...rest]) => lookUp([a, b + 1, ...rest]), depth: ([, b]) => [1, 2][b]! },
  {
    name: 'eq3eq6',
    nextLower: nextLowerOfJoined,
    depth: ([, , c, , , f]) => [[7, 6] as const, [8, 8] as const, [10, 10] as const][c]![f]!,
  },
  {
    name: 'eq4',
    nextLower: ([a, b, c, d, e, f]) => lookUp([a, b, c, d + 1, e, f]),
    depth: ([, , , d]) => [6, 5, 4][d]!,
  },
  // Every level of EQ5 holds one value, so nothing lies below its highest vector; it still counts in the mean.
  { name: 'eq5', nextLower: ([a, b, c, d, e, f]) => lookUp([a, b, c, d, e + 1, f]), depth: () => 0 },
];

// EQ3 and EQ6 are not independent: from 00 two ways lead down, and the higher score counts.
function nextLowerOfJoined([a, b, c, d, e, f]: MacroVector): number | undefined {
  const lowerImpact = lookUp([a, b, c + 1, d, e, f]);
  const lowerRequirement = lookUp([a, b, c, d, e, f + 1]);
  if (c === 0 && f === 0) return Math.max(lowerImpact!, lowerRequirement!);
  return f === 0 ? lowerRequirement : lowerImpact;
}

// The highest vectors of each level (8.2 and `max_composed` of FIRST's calculator): EQ1 by level, and so on.
const highest = {
  eq1: [
    ['AV:N/PR:N/UI:N'],
    ['AV:A/PR:N/UI:N', 'AV:N/PR:L/UI:N', 'AV:N/PR:N/UI:P'],
    ['AV:P/PR:N/UI:N', 'AV:A/PR:L/UI:P'],
  ],
  eq2: [['AC:L/AT:N'], ['AC:H/AT:N', 'AC:L/AT:P']],
  eq3eq6: [
    [['VC:H/VI:H/VA:H/CR:H/IR:H/AR:H'], ['VC:H/VI:H/VA:L/CR:M/IR:M/AR:H', 'VC:H/VI:H/VA:H/CR:M/IR:M/AR:M']],
    [
      ['VC:L/VI:H/VA:H/CR:H/IR:H/AR:H', 'VC:H/VI:L/VA:H/CR:H/IR:H/AR:H'],
      [
        'VC:L/VI:H/VA:L/CR:H/IR:M/AR:H',
        'VC:L/VI:H/VA:H/CR:H/IR:M/AR:M',
        'VC:H/VI:L/VA:H/CR:M/IR:H/AR:M',
        'VC:H/VI:L/VA:L/CR:M/IR:H/AR:H',
        'VC:L/VI:L/VA:H/CR:H/IR:H/AR:M',
      ],
    ],
    [[], ['VC:L/VI:L/VA:L/CR:H/IR:H/AR:H']],
  ],
  eq4: [['SC:H/SI:S/SA:S'], ['SC:H/SI:H/SA:H'], ['SC:L/SI:L/SA:L']],
} as const;

// Values of each metric from the most severe down; a position is the metric's severity level.
const levels: Readonly<Record<string, string>> = {
  AV: 'NALP',
  PR: 'NLH',
  UI: 'NPA',
  AC: 'LH',
  AT: 'NP',
  VC: 'HLN',
  VI: 'HLN',
  VA: 'HLN',
  SC: 'SHLN',
  SI: 'SHLN',
  SA: 'SHLN',
  CR: 'HML',
  IR: 'HML',
  AR: 'HML',
};

function distances(effective: (name: string) => string, macro: MacroVector): Record<ClassName, number> {
  const [eq1, eq2, eq3, eq4, , eq6] = macro;
  return {
    eq1: distance(effective, highest.eq1[eq1]!),
    eq2: distance(effective, highest.eq2[eq2]!),
    eq3eq6: distance(effective, highest.eq3eq6[eq3]![eq6]!),
    eq4: distance(effective, highest.eq4[eq4]!),
    eq5: 0,
  };
}

/** Steps down from the first of the highest vectors that no metric of the vector exceeds. */
function distance(effective: (name: string) => string, tops: readonly string[]): number {
  for (const top of tops) {
    const steps = top.split('/').map((metric) => {
      const [name, value] = metric.split(':') as [string, string];
      return levels[name]!.indexOf(effective(name)) - levels[name]!.indexOf(value);
    });
    if (steps.every((step) => step >= 0)) return steps.reduce((sum, step) => sum + step, 0);
  }
  return 0;
}

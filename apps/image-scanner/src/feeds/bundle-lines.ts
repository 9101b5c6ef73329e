import type { AffectedEntry } from '@gabion/advisories/advisory';
import { entrySchema } from '@gabion/advisories/advisory';
import type { Lifecycle, VulnerabilityFacts } from '@gabion/advisories/facts';
import { z } from 'zod';

// What a line may hold. Whoever made the bundle is not trusted more than whoever made a feed: what is stored is what
// matching reads later.
const short = z.string().max(1000);
const long = z.string().max(20_000);
const names = z.array(short).max(10_000);
const cvss = z.strictObject({ vector: short, score: z.number().min(0).max(10) });
const interval = z.strictObject({
  from: short.optional(),
  after: short.optional(),
  before: short.optional(),
  through: short.optional(),
});
const severity = z.enum(['critical', 'high', 'medium', 'low', 'negligible', 'unknown']);

const entryForm = z.strictObject({
  schema: z.literal(entrySchema),
  source: short,
  format: short,
  ecosystem: short.min(1),
  name: short.min(1),
  id: short.min(1),
  aliases: names.optional(),
  vulnerabilities: names.min(1),
  summary: long.optional(),
  url: long,
  status: z
    .enum(['affected', 'unfixed', 'fix_deferred', 'will_not_fix', 'end_of_life', 'under_investigation', 'not_affected'])
    .optional(),
  intervals: z.array(interval).max(10_000).optional(),
  versions: z.array(short).max(100_000).optional(),
  fixed: names.optional(),
  modules: names.optional(),
  architectures: names.optional(),
  naming: z.enum(['source', 'either']).optional(),
  isSemver: z.literal(true).optional(),
  severity: severity.optional(),
  cvss: cvss.optional(),
  scores: z.array(cvss).max(100).optional(),
  cwes: names.optional(),
  references: z.array(long).max(1000).optional(),
  published: short.optional(),
  modified: short.optional(),
});

const factsForm = z.strictObject({
  id: short.min(1),
  epss: z
    .strictObject({ score: z.number().min(0).max(1), percentile: z.number().min(0).max(1), date: short })
    .optional(),
  kev: z.strictObject({ addedOn: short, dueOn: short, isUsedByRansomware: z.boolean() }).optional(),
  scores: z.array(cvss).max(100).optional(),
  cwes: names.optional(),
  summary: long.optional(),
});

const lifecycleForm = z.strictObject({ ecosystem: short.min(1), endOfLife: short, extendedSupport: short.optional() });

/** The entry that a line holds, if it is one of this source; throws otherwise. */
export function entryIn(line: string, source: string): AffectedEntry {
  const entry = entryForm.parse(JSON.parse(line));
  if (entry.source !== source) throw new Error('an entry of another source');
  return entry as AffectedEntry;
}

/** The facts that a line holds; throws where it holds something else. */
export function factsIn(line: string): VulnerabilityFacts {
  return factsForm.parse(JSON.parse(line)) as VulnerabilityFacts;
}

/** The lifecycle that a line holds; throws where it holds something else. */
export function lifecycleIn(line: string): Lifecycle {
  return lifecycleForm.parse(JSON.parse(line)) as Lifecycle;
}

import { ratingOf } from '@gabion/cvss/rating';
import { scoresOf } from '@gabion/cvss/scores';
import { parseVector, type Vector } from '@gabion/cvss/vector';
import type { CvssScore, Severity } from './advisory.ts';

// Records of the NVD hold a handful; more is not worth scoring.
const maxVectors = 16;

/**
 * The valid vectors with their base scores, of each version the highest, the one that counts first: version 2.0, which
 * knows no critical, comes after all others.
 */
export function cvssScores(texts: readonly string[]): CvssScore[] {
  const best = new Map<string, CvssScore>();
  for (const text of texts.slice(0, maxVectors)) {
    const vector = vectorOf(text);
    if (!vector) continue;
    const score = scoresOf(vector).base;
    if ((best.get(vector.version)?.score ?? -1) < score) best.set(vector.version, { vector: text, score });
  }
  const isOld = (version: string) => Number(version === '2.0');
  return [...best].sort(([a, x], [b, y]) => isOld(a) - isOld(b) || y.score - x.score).map(([, scored]) => scored);
}

/** Of the valid vectors the one that counts. */
export function worstCvss(texts: readonly string[]): CvssScore | undefined {
  return cvssScores(texts)[0];
}

/** The rating of a scored vector. */
export function severityOfCvss({ vector, score }: CvssScore): Severity {
  const rating = ratingOf(score, parseVector(vector).version);
  return rating === 'none' ? 'negligible' : rating;
}

const words: ReadonlyMap<string, Severity> = new Map([
  ['critical', 'critical'],
  ['high', 'high'],
  ['important', 'high'],
  ['medium', 'medium'],
  ['moderate', 'medium'],
  ['low', 'low'],
  ['minor', 'low'],
  ['negligible', 'negligible'],
  ['unimportant', 'negligible'],
  ['none', 'negligible'],
]);

/** The severity that a source's own word means; Debian's urgencies may carry marks (`low**`). */
export function severityOfWord(word: unknown): Severity | undefined {
  return typeof word === 'string' ? words.get(word.toLowerCase().replace(/\*+$/, '')) : undefined;
}

function vectorOf(text: string): Vector | undefined {
  try {
    return parseVector(text);
  } catch {
    return undefined;
  }
}

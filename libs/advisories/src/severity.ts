import { ratingOf } from '@gabion/cvss/rating';
import { scoresOf } from '@gabion/cvss/scores';
import { parseVector, type Vector } from '@gabion/cvss/vector';
import type { CvssScore, Severity } from './advisory.ts';

/**
 * Of the valid vectors the one with the highest base score; version 2.0, which knows no critical, only where there is
 * no other. Texts that are no vectors are left out.
 */
export function worstCvss(texts: readonly string[]): CvssScore | undefined {
  const scored = texts.flatMap((text) => {
    const vector = vectorOf(text);
    return vector ? [{ vector: text, score: scoresOf(vector).base, isOld: vector.version === '2.0' }] : [];
  });
  const [worst] = scored.sort((a, b) => Number(a.isOld) - Number(b.isOld) || b.score - a.score);
  return worst && { vector: worst.vector, score: worst.score };
}

/** The rating of a scored vector. */
export function severityOfCvss({ vector, score }: CvssScore): Severity {
  const rating = ratingOf(score, parseVector(vector).version);
  return rating === 'none' ? 'negligible' : rating;
}

const words: Readonly<Record<string, Severity>> = {
  critical: 'critical',
  high: 'high',
  important: 'high',
  medium: 'medium',
  moderate: 'medium',
  low: 'low',
  minor: 'low',
  negligible: 'negligible',
  unimportant: 'negligible',
};

/** The severity that a source's own word means. */
export function severityOfWord(word: unknown): Severity | undefined {
  return typeof word === 'string' ? words[word.toLowerCase()] : undefined;
}

function vectorOf(text: string): Vector | undefined {
  try {
    return parseVector(text);
  } catch {
    return undefined;
  }
}

import type { CvssVersion } from './metrics.ts';

/** Qualitative rating of a score. */
export type Rating = 'none' | 'low' | 'medium' | 'high' | 'critical';

/** Rating of a score: the scale of the 3.x and 4.0 specifications; for 2.0, which has none, the one of the NVD. */
export function ratingOf(score: number, version: CvssVersion): Rating {
  if (version === '2.0') return score >= 7 ? 'high' : score >= 4 ? 'medium' : 'low';
  if (score >= 9) return 'critical';
  if (score >= 7) return 'high';
  if (score >= 4) return 'medium';
  return score > 0 ? 'low' : 'none';
}

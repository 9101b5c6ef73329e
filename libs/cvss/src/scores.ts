import { scoreV2 } from './v2.ts';
import { scoreV3 } from './v3.ts';
import { scoreV4 } from './v4.ts';
import type { Vector } from './vector.ts';

/** Scores from 0 to 10 with one decimal; a group of metrics that the vector leaves undefined has none. */
export interface Scores {
  /** From the base metrics alone. */
  readonly base: number;
  /** Of 2.0 and 3.x; threat metrics of 4.0 enter `overall` only. */
  readonly temporal: number | undefined;
  readonly environmental: number | undefined;
  /** With all metrics of the vector. */
  readonly overall: number;
}

/** Scores a parsed vector as its version of the specification says. */
export function scoresOf(vector: Vector): Scores {
  switch (vector.version) {
    case '2.0':
      return scoreV2(vector.metrics);
    case '3.0':
    case '3.1':
      return scoreV3(vector.version, vector.metrics);
    case '4.0':
      return scoreV4(vector.metrics);
    default:
      throw new Error(`no scoring for ${vector.version satisfies never}`);
  }
}

import { bracketIntervals } from './bracket-range.ts';
import { comparatorIntervals } from './comparator-range.ts';
import { composerOrder } from './composer.ts';
import { gemOrder } from './gem.ts';
import { goOrder } from './go.ts';
import type { Interval } from './interval.ts';
import { npmIntervals } from './npm-range.ts';
import { pep440Order } from './pep440.ts';

/** How a range is written; GitLab's advisories name them by the type of package. */
export type RangeDialect = 'npm' | 'cargo' | 'maven' | 'nuget' | 'pypi' | 'go' | 'gem' | 'packagist';

/** The intervals that a range expression stands for; throws RangeSyntaxError. Bounds are kept as written. */
export function intervalsOf(dialect: RangeDialect, text: string): Interval[] {
  switch (dialect) {
    case 'npm':
    case 'cargo':
      return npmIntervals(text);
    case 'maven':
    case 'nuget':
      return bracketIntervals(text);
    case 'pypi':
      return comparatorIntervals(text, { order: pep440Order, beforeAll: '.dev0' });
    case 'go':
      return comparatorIntervals(text, { order: goOrder, beforeAll: '.0-0' });
    case 'gem':
      return comparatorIntervals(text, { order: gemOrder, beforeAll: '.a' });
    case 'packagist':
      return comparatorIntervals(text, { order: composerOrder, beforeAll: '-dev' });
    default:
      throw new Error(`no grammar for ${dialect satisfies never}`);
  }
}

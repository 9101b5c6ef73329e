import { scoresOf } from '@gabion/cvss/scores';
import { parseVector } from '@gabion/cvss/vector';
import { formatExpression, parseExpression } from '@gabion/licences/expression';
import { normalise } from '@gabion/licences/normalise';
import { judgeLicences } from '@gabion/licences/policy';
import { orderOf } from '@gabion/versions/ecosystems';
import { isWithin } from '@gabion/versions/interval';
import { intervalsOf } from '@gabion/versions/range';
import { type Target, texts } from '../target.ts';

const ecosystems = [
  'Debian',
  'Alpine',
  'Red Hat',
  'npm',
  'PyPI',
  'Maven',
  'Go',
  'RubyGems',
  'crates.io',
  'Packagist',
  'NuGet',
  'Arch',
  'Pub',
  'CRAN',
  'Hackage',
  'Bitnami',
];
const versions = [
  '1.0',
  '1:2.0~rc1-1+deb12u1',
  '1.2.3-r4',
  '1.0.0-beta.1+build',
  '2!1.0.post1.dev2',
  '1.0-alpha-1-SNAPSHOT',
  'v0.0.0-20200101000000-abcdef012345',
  '1.0.0.rc1',
  'dev-master',
];
const dialects = ['npm', 'cargo', 'maven', 'nuget', 'pypi', 'go', 'gem', 'packagist'] as const;
const ranges = [
  '>=1.0.0 <2.0.0 || ^3.1',
  '~1.2.x',
  '[1.0,2.0),(3.0,]',
  '>=1.0,<2.0,!=1.5',
  '~> 1.4',
  '<1.0||>=2.0.0 <2.1.0',
  '*',
];

// Each input is compared a dozen times and more; quadratic time shows at this length, too.
const maxVersionBytes = 128 * 1024;

/** Versions, ranges, vectors and licence expressions: short texts that come from hostile files. */
export const nameTargets: readonly Target[] = [
  ...ecosystems.map((ecosystem): Target => {
    const order = orderOf(ecosystem)!;
    return {
      name: `version-${ecosystem.toLowerCase().replaceAll(/\W/g, '-')}`,
      samples: texts(...versions),
      errors: [],
      run(input) {
        const version = input.subarray(0, maxVersionBytes).toString();
        for (const other of versions) {
          const forth = order.compare(version, other);
          if (Math.sign(forth) !== -Math.sign(order.compare(other, version)))
            throw new Error(`not antisymmetric: ${version.slice(0, 99)} and ${other}`);
        }
        if (order.compare(version, version) !== 0) throw new Error(`differs from itself: ${version.slice(0, 99)}`);
        return typeof order.isValid(version) === 'boolean';
      },
    };
  }),
  ...dialects.map(
    (dialect): Target => ({
      name: `range-${dialect}`,
      samples: texts(...ranges),
      errors: ['RangeSyntaxError'],
      run(input) {
        const text = input.toString();
        try {
          const order = orderOf('npm')!;
          for (const interval of intervalsOf(dialect, text)) isWithin(order, interval, '1.0.0');
        } catch (error) {
          // Each sample is of some dialects only.
          if ((error as Error).name !== 'RangeSyntaxError') throw error;
        }
        return true;
      },
    }),
  ),
  {
    name: 'cvss',
    samples: texts(
      'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/E:P',
      'CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N/E:A',
      'AV:N/AC:L/Au:N/C:P/I:P/A:P',
    ),
    errors: ['CvssError'],
    run: (input) => {
      const { base } = scoresOf(parseVector(input.toString()));
      if (!(base >= 0 && base <= 10)) throw new Error(`a score of ${base}`);
      return true;
    },
  },
  {
    name: 'licence-expression',
    samples: texts('MIT AND (Apache-2.0 OR GPL-2.0-only WITH Classpath-exception-2.0)', 'GPL-2.0+', 'LicenseRef-a'),
    errors: ['LicenceError'],
    run: (input) => formatExpression(parseExpression(input.toString())) !== '',
  },
  {
    name: 'licence-name',
    samples: texts(
      'GNU General Public License v2 or later (GPLv2+)',
      'Apache License, Version 2.0',
      'BSD-3-Clause | MIT',
      'MIT/Apache-2.0',
    ),
    errors: [],
    run: (input) => {
      const name = input.toString();
      normalise(name);
      return judgeLicences([name], { allow: ['MIT'], deny: ['AGPL-3.0-only'] } as never) !== undefined;
    },
  },
];

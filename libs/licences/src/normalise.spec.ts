import { describe, expect, it } from '@jest/globals';
import { normalise, normaliseAll } from './normalise.ts';

describe('names of licences', () => {
  it.each([
    ['GPL-2+', 'GPL-2.0-or-later'],
    ['LGPL-2.1', 'LGPL-2.1-only'],
    ['GPL-2.0+', 'GPL-2.0-or-later'],
    ['Expat', 'MIT'],
    ['BSD-3-clause', 'BSD-3-Clause'],
    ['License :: OSI Approved :: Apache Software License', 'Apache-2.0'],
    ['License :: OSI Approved :: GNU General Public License v2 or later (GPLv2+)', 'GPL-2.0-or-later'],
    ['The MIT License', 'MIT'],
    ['Apache License, Version 2.0', 'Apache-2.0'],
    ['GPLv2+ and (MIT or BSD-3-Clause)', 'GPL-2.0-or-later AND (MIT OR BSD-3-Clause)'],
    ['GPLv2+ and LGPLv2+', 'GPL-2.0-or-later AND LGPL-2.0-or-later'],
    ['GPL+ or Artistic', 'GPL-1.0-or-later OR Artistic-1.0-Perl'],
    ['Public Domain', 'LicenseRef-public-domain'],
    ['MIT/X11', 'MIT'],
    ['Apache-2.0/MIT', 'Apache-2.0 OR MIT'],
    ['GPL-2.0-with-classpath-exception', 'GPL-2.0-only WITH Classpath-exception-2.0'],
    ['https://opensource.org/licenses/MIT', 'MIT'],
    ['(MIT OR GPL-3.0+)', 'MIT OR GPL-3.0-or-later'],
  ])('%s is %s', (name, id) => expect(normalise(name)).toBe(id));

  it.each(['', 'see LICENSE', 'BSD or something', 'custom'])('does not guess at %j', (name) =>
    expect(normalise(name)).toBeUndefined(),
  );

  it('joins what holds together', () => {
    expect(normaliseAll(['MIT', 'Apache-2.0 OR ISC', 'MIT'])).toBe('MIT AND (Apache-2.0 OR ISC)');
    expect(normaliseAll(['MIT', 'custom'])).toBeUndefined();
  });

  it('reads a hostile name in time', () => {
    expect(normalise('a '.repeat(100_000))).toBeUndefined();
    expect(normalise('('.repeat(4000))).toBeUndefined();
  });
});

import { describe, expect, it } from '@jest/globals';
import { orderOf } from './ecosystems.ts';

// Each line: ascending versions, `=` joins equal ones. Sources: deb-version(7) and Debian Policy 5.6.12; apk-package(5);
// rpm's documentation of version comparison; Semantic Versioning 2.0.0 section 11; PEP 440; Maven's POM reference;
// Go modules reference; Gem::Version; Composer's article on versions; NuGet's package versioning; vercmp(8).
const ascending: Readonly<Record<string, readonly string[]>> = {
  Debian: [
    '~~ ~~a ~ 0=0-0 1 a',
    '1.0~rc1 1.0=0:1.0=1.0-0 1.0-1~bpo1 1.0-1 1.0-1+b1 1.0+a 1.0.1 1:0.1',
    '9 10 10+deb11u1',
  ],
  Alpine: [
    '1.0_alpha 1.0_alpha2 1.0_beta 1.0_pre 1.0_rc1 1.0 1.0_git20200101 1.0_p1',
    '1.0-r0 1.0-r1 1.0a 1.05 1.1 1.10',
  ],
  AlmaLinux: [
    '1.0~rc1 1.0=0:1.0 1.0^git1~pre 1.0^git1 1.0^git2 1.0.1 1:0.5',
    '2.0.1-1.el8 2.0.1-2.el8 2.0.1a-1',
    '2.0=2_0 10',
  ],
  npm: [
    '1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta 1.0.0-beta.2 1.0.0-beta.11 1.0.0-rc.1 1.0.0=1.0.0+b=v1.0.0 1.10.0',
  ],
  PyPI: [
    '1.dev0 1.0.dev456 1.0a1 1.0a2.dev456 1.0a12 1.0b1.dev456 1.0b2.post345.dev456 1.0b2.post345 1.0rc1=1.0c1 1.0=1=v1.0.0 1.0+abc.5 1.0+abc.7 1.0+5 1.0.post456.dev34 1.0.post456=1.0-456 1.1.dev1 1!0.1',
  ],
  // Bitnami's own records: `-N` is the revision of a component.
  Bitnami: ['1.0.0-rc.1 1.0.0=1.0.0-0=1.0=v1.0.0 1.0.0-1 1.0.0-10 1.0.1-0', '15.1 15.1.1 15.10'],
  Maven: [
    '1-alpha-1=1a1 1-beta 1-milestone 1-rc=1-cr 1-snapshot 1=1.0=1.ga=1-final 1-sp 1-foo 1-1 1.1',
    '1.0.0.m1 1.0.0.rc2 1.0.0.release 1.0.1',
  ],
  Go: [
    'v1.2.3-0.20191109021931-daa7c04131f5 v1.2.3-pre v1.2.3=1.2.3=v1.2.3+incompatible v1.10.0',
    'go1.21rc2 go1.21=go1.21.0 go1.21.1',
  ],
  RubyGems: ['1.0.a 1.0.b1 1.0.rc1=1.0.rc.1 1=1.0=1.0.0 1.0.1 1.2 1.10', '5.2.0.rc1 5.2.0 5.2.4.1'],
  'crates.io': ['0.9.0 1.0.0-alpha 1.0.0=1.0.0+build 1.0.1'],
  Packagist: [
    '1.0-dev 1.0-alpha1=1.0a1 1.0-beta2=1.0.0b2 1.0-RC1 1.0=v1.0.0=1.0.0.0=1.0-stable 1.0-p1=1.0pl1 1.0.1 1.x-dev 2.0.0',
  ],
  // numeric_version of R, Cabal's Version, pub_semver.
  CRAN: ['0.1 0.1-0=0.01.0 0.1.0.0 0.9 0.75 1.0'],
  Hackage: ['0 0.1 0.1.0 0.1.0.0 0.11 1'],
  Pub: ['1.0.0-pre 1.0.0-pre+build 1.0.0 1.0.0+1 1.0.0+2 1.0.0+a 1.0.0+a.1'],
  NuGet: ['1.0.0-alpha=1.0-ALPHA 1.0.0-beta 1.0=1.0.0.0=1.0.0+meta 1.0.0.1 1.0.1'],
  'Arch Linux': ['1.0a 1.0b 1.0beta 1.0p 1.0pre 1.0rc 1.0 1.0.a 1.0.1', '1.0-1 1.0-2 1:0.1-1'],
};

describe.each(Object.entries(ascending))('the version order of %s', (ecosystem, lines) => {
  const order = orderOf(ecosystem)!;
  const ranked = lines.map((line) => line.split(' ').map((group) => group.split('=')));

  it('sorts the published examples', () => {
    const wrong = ranked.flatMap((groups) =>
      groups.flatMap((group, rank) =>
        groups.flatMap((other, otherRank) =>
          group.flatMap((a) => other.map((b) => [a, b, order.compare(a, b), Math.sign(rank - otherRank)] as const)),
        ),
      ),
    );
    expect(wrong.filter(([, , answer, expected]) => answer !== expected)).toEqual([]);
  });

  it('is antisymmetric and transitive on random versions', () => {
    let state = 42;
    const random = (below: number) => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    const parts = ['0', '1', '2', '10', '01', '.', '-', '_', '~', '^', '+', 'a', 'rc', 'alpha', 'dev', 'p', '.0'];
    const version = () =>
      `${random(3)}${Array.from({ length: random(6) }, () => parts[random(parts.length)]).join('')}`;
    const broken: string[] = [];
    for (let i = 0; i < 10_000; i++) {
      const [a, b, c] = [version(), version(), version()].map((v) => (ecosystem === 'Arch Linux' ? `${v}-1` : v)) as [
        string,
        string,
        string,
      ];
      if (!order.isValid(a) || !order.isValid(b) || !order.isValid(c)) continue;
      if (order.compare(a, b) !== -order.compare(b, a) && order.compare(a, b) !== 0) broken.push(`${a} ${b}`);
      // ComparableVersion itself is not transitive: `1-0.sp` and its like.
      const isChain = ecosystem !== 'Maven' && order.compare(a, b) <= 0 && order.compare(b, c) <= 0;
      if (isChain && order.compare(a, c) > 0) broken.push(`${a} <= ${b} <= ${c}`);
    }
    expect(broken).toEqual([]);
  });

  it.each(['1', 'a', '.', '-', '~', '1.', 'a1', '1-', '-1', '_p', '1-a.', '=', ' '])(
    'takes linear time on 100 kB of "%s"',
    (part) => {
      const long = part.repeat(100_000 / part.length);
      const start = performance.now();
      order.compare(`${long}1`, `${long}2`);
      order.isValid(long);
      order.isValid(`${long}!`);
      // Linear work takes a few milliseconds; a quadratic algorithm takes minutes.
      expect(performance.now() - start).toBeLessThan(1_000);
    },
  );
});

describe('orderOf', () => {
  it('takes the ecosystem with its release', () => expect(orderOf('Debian:11')).toBe(orderOf('Debian')));
  it('knows nothing of an ecosystem it has no order for', () => expect(orderOf('Homebrew')).toBeUndefined());
});

describe('isValid', () => {
  it.each([
    ['Debian', '1:2.4.57+dfsg-3+deb11u1', ['a1', '1-', ':1', 'x:1', '1 2', '', '1_2']],
    ['Alpine', '1.2.3a_rc1_p2~abc1-r3', ['', 'a', '1.', '1_foo', '1-r', '1-r1.2', '1bc']],
    ['AlmaLinux', '1:1.26.0-14.el8_3', ['', '1-', ':1', '1 2']],
    ['npm', '1.2.3-beta.1+build', ['1.2', '1.2.3.4', 'latest', '', '9007199254740992.0.0']],
    ['PyPI', '1!2.0.post1.dev2+local.1', ['1.0-foo', '', 'latest', '1.0+']],
    ['Maven', '2.9.10.3', ['', '1 2', '[1,2]']],
    ['Go', 'v1.2.3-0.20191109021931-daa7c04131f5', ['master', '', 'v1.2.3-']],
    ['RubyGems', '1.2.3.rc1-x86', ['a', '1..2', '1-']],
    ['crates.io', '1.0.0-rc.1+b', ['1.0', '01.0.0', '1.0.0-01', '1.0.0-']],
    ['Packagist', 'v1.0.0-RC1@dev', ['dev-main', '', 'x', '1.2.3.4.5']],
    ['CRAN', '1.0-2', ['1', '1.a', '']],
    ['Hackage', '1.0.2.0', ['1-0', '1.a', '']],
    ['NuGet', '1.0.0.1-beta', ['1.0.0.0.1', '', 'a']],
    ['Arch Linux', '1:2.0-1', ['1.0-', 'a b', '1:2:3']],
  ] as [string, string, string[]][])('of %s takes %s and refuses what is none', (ecosystem, valid, invalid) => {
    const order = orderOf(ecosystem)!;
    expect(order.isValid(valid)).toBe(true);
    expect(invalid.filter((version) => order.isValid(version))).toEqual([]);
  });
});

import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { orderOf } from '@gabion/versions/ecosystems';

// Compares each order with the program that defines it, on random versions and mutations of real ones:
//   node --conditions=source conformance/version-orders.ts TOOLS [REAL] [SEED]
// TOOLS holds `maven-artifact.jar` (3.9), `venv` with `packaging`, and `go-order` and `crate-order`, built from oracles/;
// rpm, perl, ruby, php with composer/semver, libalpm and java are the system's. REAL holds files of real versions, a line
// each, named by ecosystem.
const [tools = '', real = '', seed = '42'] = process.argv.slice(2);
const oracles = join(import.meta.dirname, 'oracles');
const directory = mkdtempSync(join(tmpdir(), 'gabion-orders-'));
const pairsFile = join(directory, 'pairs');
const count = 20_000;

const programs: Readonly<Record<string, readonly [string, ...string[]]>> = {
  Maven: ['java', '-cp', join(tools, 'maven-artifact.jar'), join(oracles, 'MavenOrder.java')],
  RubyGems: ['ruby', join(oracles, 'gem-order.rb')],
  Packagist: ['php', join(oracles, 'composer-order.php')],
  PyPI: [join(tools, 'venv/bin/python'), join(oracles, 'pep440_order.py')],
  Arch: ['python3', join(oracles, 'alpm_order.py')],
  Debian: ['perl', join(oracles, 'dpkg-order.pl')],
  'Red Hat': ['rpm', '--eval', `%{lua:PAIRS='${pairsFile}' dofile('${join(oracles, 'rpm-order.lua')}')}`],
  Go: [join(tools, 'go-order')],
  'crates.io': [join(tools, 'crate-order')],
};

const numbers = ['0', '1', '2', '10', '01', '.', '.', '-', '18446744073709551617'];
const alphabets: Readonly<Record<string, readonly string[]>> = {
  Maven: [...numbers, ...'a b m alpha beta milestone rc cr snapshot ga final Release sp x foo _ + é ٣'.split(' ')],
  RubyGems: [...numbers, ...'a b rc pre Z beta'.split(' '), ' '],
  Packagist: [
    ...numbers.slice(0, -1),
    ...'_ a b alpha beta RC dev -dev patch p pl stable v +b #c 2021 20210102 x-dev .x dev-main @dev @stable -p1'.split(
      ' ',
    ),
  ],
  PyPI: [...numbers, ...'_ a b c rc alpha beta pre preview post rev r dev .dev .post1 + +ab ! v RC1'.split(' ')],
  Arch: [...numbers, ...'_ + ~ ^ : a b rc Z .. é 1:'.split(' ')],
  // Dpkg::Version compares numbers in floating point.
  Debian: [...numbers.slice(0, -1), ...'a Z + ~ : ~~ rc deb ubuntu 1:'.split(' ')],
  'Red Hat': [...numbers, ...'a Z + ~ ^ _ ~~ rc el8 1: ..'.split(' ')],
  Go: [...numbers, ...'+ a rc -0. 20191109021931-daa7c04131f5 +incompatible beta -pre.1'.split(' ')],
  'crates.io': [...numbers.slice(0, -1), ...'+ a rc -0 beta Z -pre.1 .1'.split(' ')],
};

/** Deterministic, so that a failure can be run again. */
function randomizer(start: number): (below: number) => number {
  let state = start;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function pairsOf(ecosystem: string): [string, string][] {
  const random = randomizer(Number(seed));
  const any = (texts: readonly string[]) => texts[random(texts.length)]!;
  const alphabet = alphabets[ecosystem]!;
  const path = join(real, ecosystem);
  const known = real !== '' && existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean) : [];
  const made = () =>
    any(['', '1', '1.0', '0', '1.2.3']) + Array.from({ length: random(6) }, () => any(alphabet)).join('');
  const mutated = (text: string) => {
    const at = random(text.length + 1);
    return text.slice(0, at) + (random(3) ? any(alphabet) : '') + text.slice(at + random(2));
  };
  const version = () => (known.length > 0 && random(2) ? mutated(any(known)) : made());
  return Array.from({ length: count }, () => {
    const first = version();
    return [first, random(2) ? mutated(first) : version()];
  });
}

function compareWith(ecosystem: string, [program, ...options]: readonly [string, ...string[]]): number {
  const pairs = pairsOf(ecosystem);
  const input = pairs.map((pair) => `${pair.join('\t')}\n`).join('');
  writeFileSync(pairsFile, input);
  // rpm reads the file, and would not read its input.
  const given = program === 'rpm' ? '' : input;
  const output = execFileSync(program, options, {
    input: given,
    maxBuffer: 1 << 28,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const answers = output.toString().split(/\n+/);
  const order = orderOf(ecosystem)!;
  let compared = 0;
  const different = pairs.filter(([a, b], index) => {
    const answer = Number(answers[index]);
    if (Number.isNaN(answer) || !order.isValid(a) || !order.isValid(b)) return false;
    compared++;
    return order.compare(a, b) !== answer;
  });
  console.log(`${ecosystem}: ${compared} valid pairs of ${count}, ${different.length} different`);
  for (const pair of different.slice(0, 10)) console.log(`  ${JSON.stringify(pair)}`);
  return different.length;
}

let failed = 0;
try {
  for (const [ecosystem, command] of Object.entries(programs)) {
    if (command[0].includes('/') && !existsSync(command[0])) console.log(`${ecosystem}: skipped, no ${command[0]}`);
    else failed += compareWith(ecosystem, command);
  }
} finally {
  rmSync(directory, { recursive: true });
}
process.exitCode = failed === 0 ? 0 : 1;

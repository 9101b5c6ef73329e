import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { compareApk, isApk } from '@gabion/versions/apk';
import { compareDebian, isDebian } from '@gabion/versions/debian';
import { compareNpm, isNpm } from '@gabion/versions/npm';
import { satisfiesNpm } from '@gabion/versions/npm-range';
import { compareRpmPart } from '@gabion/versions/rpm';

// Runs the suites of apk-tools and rpm, and dpkg and node-semver as live oracles:
// node --conditions source conformance/versions.ts [corpora directory]
const corpora = join(process.argv[2] ?? join(import.meta.dirname, '../../shared/corpora'), 'versions');
const failures: string[] = [];
let passed = 0;

function check(name: string, isRight: boolean): void {
  if (isRight) passed++;
  else failures.push(name);
}

function section(title: string, run: () => void): void {
  const [before, failedBefore] = [passed, failures.length];
  run();
  console.log(`${title}: ${passed - before} passed, ${failures.length - failedBefore} failed`);
}

function symbolOf(order: number): string {
  return order < 0 ? '<' : order > 0 ? '>' : '=';
}

/** Deterministic, so that a failure can be run again. */
function randomizer(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function randomText(random: (below: number) => number, alphabet: readonly string[], maxParts: number): string {
  return Array.from({ length: 1 + random(maxParts) }, () => alphabet[random(alphabet.length)]!).join('');
}

// Fuzzy matching (`~`, of dependencies) is no order and is left out.
function runApkData(path: string): void {
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    const text = line.replace(/#.*/, '').trim();
    if (text === '' && line.trim() !== '') continue;
    if (text === '') continue;
    const [a, relation, b] = text.split(/\s+/);
    if (a === '!') check('the empty version', !isApk(''));
    else if (relation === undefined) check(text, isApk(a!.replace(/^!/, '')) === !a!.startsWith('!'));
    else if (/^[<>=]$/.test(relation)) check(text, symbolOf(compareApk(a!, b!)) === relation);
  }
}

function runRpmData(path: string): void {
  const calls = readFileSync(path, 'utf8').matchAll(/^RPMVERCMP\(([^,]*), ([^,]*), (-?\d)\)/gm);
  const bare = (text: string) => text.replace(/^\[(.*)\]$/, '$1');
  for (const [call, a, b, order] of calls) check(call, compareRpmPart(bare(a!), bare(b!)) === Number(order));
}

const debianAlphabet = ['0', '1', '2', '9', '10', '00', 'a', 'Z', '.', '+', '~', '-', ':', '~~', 'rc', 'deb', 'ubuntu'];

// dpkg compares one pair per process; one shell starts them all, which is three times as fast as starting each here.
const dpkgLoop = 'while read -r a relation b; do dpkg --compare-versions "$a" "$relation" "$b"; echo $?; done';

function runDpkg(): void {
  const random = randomizer(7);
  const version = () =>
    `${random(4) === 0 ? `${random(3)}:` : ''}${random(10)}${randomText(random, debianAlphabet, 7)}`;
  const pairs = Array.from({ length: 20_000 }, () => [version(), version()] as const)
    .filter(([a, b]) => isDebian(a) && isDebian(b))
    .map(([a, b]) => `${a} ${{ '-1': 'lt', '0': 'eq', '1': 'gt' }[compareDebian(a, b)]} ${b}`);
  const answers = spawnSync('sh', ['-c', dpkgLoop], { input: `${pairs.join('\n')}\n`, encoding: 'utf8' });
  const codes = answers.stdout.split('\n');
  for (const [i, pair] of pairs.entries()) check(`dpkg ${pair}`, codes[i] === '0');
}

/** What is used here of the npm package `semver`. */
interface Semver {
  valid(version: string, loose: boolean): string | null;
  validRange(range: string, loose: boolean): string | null;
  compare(a: string, b: string, loose: boolean): -1 | 0 | 1;
  satisfies(version: string, range: string, options: { loose: boolean; includePrerelease: boolean }): boolean;
}

function installedSemver(): Semver | undefined {
  try {
    return createRequire(import.meta.url)('semver') as Semver;
  } catch {
    return undefined;
  }
}

const npmAlphabet = ['0', '1', '10', '.', '.0', '.1', '.2', '-', '-a', '-beta.1', '+b', 'rc', '-0', '-01', 'v', '.x'];

function runNpm(semver: Semver): void {
  const random = randomizer(11);
  const version = (): string => {
    const text = `${random(3)}.${random(3)}.${random(3)}${random(2) ? randomText(random, npmAlphabet, 4) : ''}`;
    // By backtracking, the loose grammar reads `1.2.10.4` as 1.2.1-0.4 and `1.2.3-.4` as 1.2.3-(-).4: no versions here.
    return /^[0-9]\.[0-9]\.[0-9]+(?:\.|-\.)/.test(text) ? version() : text;
  };
  for (let i = 0; i < 60_000; i++) {
    const [a, b] = [version(), version()];
    const isKnown = semver.valid(a, true) !== null;
    check(`valid ${a}`, isNpm(a) === isKnown);
    if (isKnown && semver.valid(b, true) !== null)
      check(`${a} ? ${b}`, compareNpm(a, b) === semver.compare(a, b, true));
  }
  const operators = ['', '^', '~', '>=', '<=', '<', '>', '='];
  const part = () => ['0', '1', '2', 'x', '*', '1', '0'][random(7)]!;
  const partial = () => [part(), part(), part()].slice(0, 1 + random(3)).join('.') + (random(4) ? '' : '-beta.1');
  const set = () => `${operators[random(8)]}${partial()}`;
  const alternative = () => [`${partial()} - ${partial()}`, set(), `${set()} ${set()}`][random(3)]!;
  for (let i = 0; i < 60_000; i++) {
    const range = [alternative(), alternative()].slice(0, 1 + random(2)).join(' || ');
    const tested = version();
    if (semver.validRange(range, false) === null || semver.valid(tested, true) === null) continue;
    for (const includePrerelease of [false, true]) {
      const expected = semver.satisfies(tested, range, { loose: true, includePrerelease });
      const answer = satisfiesNpm(tested, range, { includePrerelease });
      check(`${tested} in "${range}" (pre-releases: ${includePrerelease})`, answer === expected);
    }
  }
}

for (const [file, run] of [
  ['apk.version.data', runApkData],
  ['rpmvercmp.at', runRpmData],
] as const) {
  const path = join(corpora, file);
  if (existsSync(path)) section(file, () => run(path));
  else console.log(`${file}: skipped, not in ${corpora}`);
}
if (spawnSync('dpkg', ['--version']).status === 0) section('dpkg', runDpkg);
else console.log('dpkg: skipped, not installed');
const semver = installedSemver();
if (semver) section('node-semver', () => runNpm(semver));
else console.log('node-semver: skipped, not installed');
for (const failure of failures.slice(0, 50)) console.log(`failed: ${failure}`);
console.log(`${passed} passed, ${failures.length} failed`);
process.exitCode = failures.length === 0 ? 0 : 1;

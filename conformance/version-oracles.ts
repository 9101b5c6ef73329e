import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// The programs and libraries that define each order, none of them ours.
interface Semver {
  compare(a: string, b: string): number;
  valid(version: string): string | null;
  satisfies(version: string, range: string, options: object): boolean;
}
const semver: Semver = createRequire(import.meta.url)('semver');

/** rpm's own `vercmp`, Dpkg::Version, apk of a real Alpine, PyPA's packaging, node-semver. */
export type Oracle = 'rpm' | 'dpkg' | 'apk' | 'pep440' | 'semver';

/** How each pair stands by the oracle: less than, equal to or more than 0. */
export function compareAll(oracle: Oracle, pairs: readonly (readonly [string, string])[], corpora: string): number[] {
  if (oracle === 'semver') return pairs.map(([a, b]) => bySemver(a, b));
  const asked = [...new Set(pairs.map(([a, b]) => `${a} ${b}`))];
  const answers = run(oracle, asked.map((line) => `${line}\n`).join(''), corpora)
    .trim()
    .split('\n');
  const known = new Map(asked.map((line, index) => [line, signOf(answers[index]!)]));
  return pairs.map(([a, b]) => known.get(`${a} ${b}`)!);
}

/** Whether each version lies in its range, by node-semver (`!` in front: in none of its alternatives) or packaging. */
export function satisfiesAll(
  questions: readonly { version: string; range: string; dialect: 'npm' | 'pypi' }[],
): boolean[] {
  if (questions[0]?.dialect === 'npm') return questions.map(({ version, range }) => isInNpm(version, range));
  const answers = execFileSync('python3', ['-c', pythonRanges], {
    input: JSON.stringify(questions),
    maxBuffer: 1 << 28,
  });
  return JSON.parse(answers.toString());
}

function isInNpm(version: string, range: string): boolean {
  const isIn = (each: string) => semver.satisfies(version, each, { loose: true, includePrerelease: true });
  if (!range.startsWith('!')) return isIn(range);
  return !range.slice(1).split('||').filter(Boolean).some(isIn);
}

function signOf(answer: string): number {
  return answer === '<' ? -1 : answer === '>' ? 1 : answer === '=' ? 0 : Number(answer);
}

// A few records name versions that are none (`nightly.2026-03-10.0`); nothing is below them.
function bySemver(a: string, b: string): number {
  if (b === '0') return 1;
  return semver.valid(clean(a)) && semver.valid(clean(b)) ? semver.compare(clean(a), clean(b)) : 1;
}

function clean(version: string): string {
  return version.replace(/^(?:v|go)/, '');
}

function run(oracle: Exclude<Oracle, 'semver'>, input: string, corpora: string): string {
  const options = { input, maxBuffer: 1 << 28, stdio: ['pipe', 'pipe', 'ignore'] as ['pipe', 'pipe', 'ignore'] };
  switch (oracle) {
    case 'dpkg':
      return execFileSync(
        'perl',
        ['-MDpkg::Version', '-ane', 'print version_compare($F[0],$F[1]),"\\n"'],
        options,
      ).toString();
    case 'pep440':
      return execFileSync('python3', ['-c', pythonOrder], options).toString();
    case 'rpm':
      return withFile(input, (path) =>
        execFileSync(
          'rpm',
          [
            '--eval',
            `%{lua:for line in io.lines("${path}") do local a,b=line:match("(%S+) (%S+)") print(rpm.vercmp(a,b).."\\n") end}`,
          ],
          { ...options, input: '' },
        ).toString(),
      ).replace(/\n+/g, '\n');
    case 'apk':
      return execFileSync(
        'sh',
        ['-c', apkScript, 'apk', join(corpora, 'images/alpine-310.tar.gz')],
        options,
      ).toString();
    default:
      return oracle satisfies never;
  }
}

function withFile(text: string, use: (path: string) => string): string {
  const directory = mkdtempSync(join(tmpdir(), 'gabion-oracle-'));
  try {
    const path = join(directory, 'pairs');
    writeFileSync(path, text);
    return use(path);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

const pythonOrder = `
import sys
from packaging.version import Version
for line in sys.stdin:
    try:
        a, b = map(Version, line.split())
        print((a > b) - (a < b))
    except ValueError:
        print(1)
`;

const pythonRanges = `
import json, sys
from packaging.specifiers import SpecifierSet
def holds(version, text):
    return any(SpecifierSet(part.strip().replace(' ', '')).contains(version, prereleases=True) for part in text.split('||'))
def answer(q):
    try: return holds(q['version'], q['range'])
    except Exception: return False
print(json.dumps([answer(q) for q in json.load(sys.stdin)]))
`;

// apk of the image in its own root; needs the right to chroot.
const apkScript = `
root=$(mktemp -d); trap 'rm -rf "$root"' EXIT
tar -xOf "$1" --wildcards '*layer.tar' | tar -x -C "$root" 2>/dev/null
cat > "$root/pairs"
chroot "$root" /bin/sh -c 'while read -r a b; do apk version -t "$a" "$b"; done < /pairs'
`;

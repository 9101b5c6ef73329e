import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { scoresOf } from '@gabion/cvss/scores';
import { formatVector, parseVector } from '@gabion/cvss/vector';

// Runs the vector lists of quay/claircore: node --conditions source conformance/cvss.ts [corpora directory]
const corpora = process.argv[2] ?? join(import.meta.dirname, '../../shared/corpora');
const archive = join(corpora, 'cvss.tar.gz');
const failures: string[] = [];
let passed = 0;

function check(name: string, isRight: boolean): void {
  if (isRight) passed++;
  else failures.push(name);
}

function isVector(text: string, version: string): boolean {
  try {
    return parseVector(text).version.startsWith(version);
  } catch {
    return false;
  }
}

function runList(file: string, lines: readonly string[]): void {
  const [, version, kind] = /^v(\d+)_(error|roundtrip|score)\.list$/.exec(file)!;
  for (const line of lines) {
    const [vector = '', score = ''] = line.split(/#/)[0]!.trim().split(/\s+/);
    if (vector === '') continue;
    if (kind === 'error') check(`${file}: ${line}`, isVector(vector, version![0]!) === line.includes('#OK'));
    else if (kind === 'roundtrip') check(`${file}: ${line}`, formatVector(parseVector(vector)) === vector);
    else {
      const answer = scoresOf(parseVector(vector)).overall;
      check(`${file}: ${line} (answered ${answer})`, answer === Number(score));
    }
  }
}

if (!existsSync(archive)) {
  console.log(`skipped: no ${archive}`);
} else {
  const directory = mkdtempSync(join(tmpdir(), 'gabion-cvss-'));
  try {
    execFileSync('tar', ['xzf', archive, '-C', directory]);
    const lists = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((path) =>
      path.endsWith('.list'),
    );
    for (const path of lists.sort())
      runList(path.split('/').at(-1)!, readFileSync(join(directory, path), 'utf8').split('\n'));
  } finally {
    rmSync(directory, { recursive: true });
  }
  for (const failure of failures) console.log(`failed: ${failure}`);
  console.log(`${passed} passed, ${failures.length} failed`);
  process.exitCode = failures.length === 0 ? 0 : 1;
}

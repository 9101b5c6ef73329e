// Looking for secrets in text, against reading the same bytes once.
//   node --conditions=source bench/secrets.ts [DIRECTORY …]
import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SecretDetector } from '@gabion/secrets/secret-detector';
import { secretRules } from '@gabion/secrets/secret-rules';

const mostBytes = 128 * 1024 ** 2;
const rounds = 5;

const given = process.argv.slice(2);
const texts = await textsBelow(given.length > 0 ? given : [fileURLToPath(new URL('..', import.meta.url))]);
const bytes = texts.reduce((sum, { length }) => sum + length, 0);
const detector = new SecretDetector(secretRules);
let found = 0;
const detecting = median(() => {
  found = texts.reduce((sum, text) => sum + detector.find(text).length, 0);
});
const floor = median(() => {
  const hash = createHash('sha256');
  for (const text of texts) hash.update(text);
  hash.digest();
});
const rate = (ms: number) => `${(bytes / 1e3 / ms).toFixed(0)} MB/s`;
console.log(`${texts.length} texts, ${(bytes / 1e6).toFixed(1)} MB, ${secretRules.length} rules, ${found} findings`);
console.log(`secrets ${rate(detecting)} (target 100), SHA-256 alone ${rate(floor)}`);

function median(work: () => void): number {
  const times = Array.from({ length: rounds }, () => {
    const started = performance.now();
    work();
    return performance.now() - started;
  });
  return times.sort((a, b) => a - b)[Math.floor(rounds / 2)]!;
}

/** Texts as images hold them: sources, configuration and documents, up to a bound altogether. */
async function textsBelow(directories: readonly string[]): Promise<Buffer[]> {
  const texts: Buffer[] = [];
  let left = mostBytes;
  for (const directory of directories)
    for (const name of await readdir(directory, { recursive: true })) {
      if (left <= 0 || !/\.(?:[cm]?[jt]s|json|md|py|ya?ml|txt|conf|env|properties|xml|html)$/.test(name)) continue;
      const path = join(directory, name);
      if (!(await stat(path).catch(() => undefined))?.isFile()) continue;
      const text = await readFile(path);
      texts.push(text);
      left -= text.length;
    }
  return texts;
}

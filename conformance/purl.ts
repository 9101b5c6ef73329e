import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildPurl, normalPurl, type PurlParts, readPurl } from '@gabion/purl/purl';

// Runs the cases of purl-spec: node --conditions=source conformance/purl.ts [corpora directory]
const corpora = process.argv[2] ?? join(import.meta.dirname, '../../shared/corpora');

type Written = {
  readonly [Part in keyof PurlParts]: Part extends 'qualifiers' ? Record<string, string> | null : string | null;
};

interface Case {
  readonly test_type: 'parse' | 'build' | 'validate';
  readonly input: string | Written;
  readonly expected_output: string | Written | null;
  readonly expected_failure: boolean;
}

// purl-spec against itself: beside each there is a case that takes the same text, or one like it, as valid.
const contradictions: ReadonlySet<string> = new Set([
  'parse pkg:gem/jruby-launcher@1.1.2?Platform=java',
  'parse pkg:Rpm/fedora/curl@7.50.3-1.fc25?Arch=i386&Distro=fedora-25',
]);

function answerOf({ test_type: kind, input }: Case): unknown {
  if (kind === 'parse') return written(readPurl(input as string));
  return kind === 'validate' ? normalPurl(input as string) : buildPurl(partsOf(input as Written));
}

function written(parts: PurlParts): unknown {
  const qualifiers = parts.qualifiers.size === 0 ? null : Object.fromEntries([...parts.qualifiers].sort());
  const texts = ['type', 'namespace', 'name', 'version', 'subpath'] as const;
  return { ...Object.fromEntries(texts.map((part) => [part, parts[part] || null])), qualifiers };
}

function partsOf({ type, namespace, name, version, qualifiers, subpath }: Written): PurlParts {
  const texts = { type: type ?? '', namespace: namespace ?? '', name: name ?? '', version: version ?? '' };
  return { ...texts, qualifiers: new Map(Object.entries(qualifiers ?? {})), subpath: subpath ?? '' };
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, each) =>
    each && typeof each === 'object' ? Object.fromEntries(Object.entries(each).sort()) : each,
  );
}

function isRight(test: Case): boolean {
  try {
    const answer = canonical(answerOf(test));
    return !test.expected_failure && answer === canonical(test.expected_output);
  } catch {
    return test.expected_failure;
  }
}

const directory = mkdtempSync(join(tmpdir(), 'gabion-purl-'));
const failures: string[] = [];
const contradicting: string[] = [];
let passed = 0;
try {
  execFileSync('tar', ['xzf', join(corpora, 'purl-spec.tar.gz'), '-C', directory]);
  const root = join(directory, 'purl-spec/tests');
  for (const path of readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.json')))
    for (const test of JSON.parse(readFileSync(join(root, path), 'utf8')).tests as Case[]) {
      const title = `${test.test_type} ${typeof test.input === 'string' ? test.input : JSON.stringify(test.input)}`;
      if (isRight(test)) passed++;
      else (contradictions.has(title) ? contradicting : failures).push(`${path}: ${title}`);
    }
} finally {
  rmSync(directory, { recursive: true });
}
for (const each of contradicting) console.log(`purl-spec contradicts itself: ${each}`);
for (const each of failures) console.log(`failed: ${each}`);
console.log(`${passed} passed, ${failures.length} failed, ${contradicting.length} contradict purl-spec itself`);
process.exitCode = failures.length === 0 ? 0 : 1;

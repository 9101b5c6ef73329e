import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { render } from '@gabion/reports/render';
import { cycloneDxVersions } from '@gabion/sbom/cyclonedx/cyclonedx-document';
import { parsePurl } from '@gabion/sbom/purl';
import { sampleOptions, sampleResult } from './sample-result.ts';

// Validates SBOMs against the official schemas, and parses purl-spec's cases:
//   node --conditions=source conformance/sbom.ts [TOOLS] [corpora directory]
// TOOLS is a folder with `npm i @cyclonedx/cyclonedx-library ajv ajv-formats` and, in `venv`, `pip install spdx-tools`.
const tools = resolve(process.argv[2] ?? join(tmpdir(), 'gabion-document-tools'));
const corpora = process.argv[3] ?? join(import.meta.dirname, '../../shared/corpora');
const directory = mkdtempSync(join(tmpdir(), 'gabion-sbom-'));
const failures: string[] = [];
let passed = 0;

function check(name: string, isRight: boolean): void {
  if (isRight) passed++;
  else failures.push(name);
}

function readJson(path: string) {
  return JSON.parse(readFileSync(path, 'utf8'));
}

function checkCycloneDx(schemas: string): void {
  const require = createRequire(join(tools, 'package.json'));
  const Ajv = require('ajv');
  for (const version of cycloneDxVersions) {
    const ajv = new Ajv({ strict: false });
    require('ajv-formats')(ajv);
    for (const format of ['iri-reference', 'idn-email']) ajv.addFormat(format, true);
    for (const name of ['jsf-0.82', 'spdx', 'cryptography-defs'])
      ajv.addSchema(
        readJson(join(schemas, `${name}.SNAPSHOT.schema.json`)),
        `http://cyclonedx.org/schema/${name}.SNAPSHOT.schema.json`,
      );
    const validate = ajv.compile(readJson(join(schemas, `bom-${version}.SNAPSHOT.schema.json`)));
    const document = JSON.parse(render(sampleResult, 'cyclonedx', { ...sampleOptions, formatVersion: version }));
    const isValid = validate(document);
    check(`CycloneDX ${version}: ${JSON.stringify(validate.errors?.slice(0, 3))}`, isValid);
  }
}

function checkSpdx(validator: string): void {
  const files = { 'sample.spdx.json': 'spdx', 'sample.spdx': 'spdx-tag-value' } as const;
  for (const [name, format] of Object.entries(files)) {
    const path = join(directory, name);
    writeFileSync(path, render(sampleResult, format, sampleOptions));
    try {
      execFileSync(validator, ['-i', path], { stdio: 'pipe' });
      check(name, true);
    } catch (error) {
      check(`${name}: ${String((error as { stderr?: Buffer }).stderr ?? error).slice(0, 500)}`, false);
    }
  }
}

/** What only purl-spec's definitions of single types say, and no package of an inventory is of: hosts, extensions, models. */
const otherTypes = /^(?:chrome-extension|cpan|git|huggingface|julia|otp|swift|vcpkg|vscode-extension)-/;

function checkPurls(): void {
  execFileSync('tar', ['xzf', join(corpora, 'purl-spec.tar.gz'), '-C', directory]);
  const root = join(directory, 'purl-spec/tests');
  for (const path of readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.json')))
    for (const test of readJson(join(root, path)).tests)
      if (test.test_type === 'parse' && !otherTypes.test(path.split('/').at(-1)!)) checkPurl(path, test);
}

function checkPurl(
  path: string,
  test: {
    input: string;
    expected_failure: boolean;
    expected_message?: string;
    expected_output: Record<string, unknown>;
  },
): void {
  const parts = parsePurl(test.input);
  // The same files recommend to read keys in upper case and require to refuse them; SBOMs of others have such keys.
  if (/not in lowercase/.test(test.expected_message ?? '')) return console.log(`tolerated: ${test.input}`);
  if (test.expected_failure) return check(`${path}: ${test.input} is none`, parts === undefined);
  const { type, namespace, name, version, subpath, qualifiers } = test.expected_output;
  // Cases are compared without regard to case and `_`, which `packageNameOf` levels when names are compared.
  const level = (text: unknown) =>
    String(text ?? '')
      .toLowerCase()
      .replaceAll('_', '-');
  const sorted = (pairs: readonly (readonly [string, unknown])[]) => level(JSON.stringify([...pairs].sort()));
  const isSame =
    parts?.type === type &&
    level(parts?.namespace) === level(namespace) &&
    level(parts?.name) === level(name) &&
    parts?.version === (version ?? '') &&
    parts?.subpath === (subpath ?? '') &&
    sorted([...(parts?.qualifiers ?? [])]) === sorted(Object.entries(qualifiers ?? {}));
  check(`${path}: ${test.input}`, isSame);
}

function runWith(path: string, run: (path: string) => void): void {
  if (existsSync(path)) run(path);
  else console.log(`skipped: no ${path}`);
}

try {
  runWith(join(tools, 'node_modules/@cyclonedx/cyclonedx-library/res/schema'), checkCycloneDx);
  runWith(join(tools, 'venv/bin/pyspdxtools'), checkSpdx);
  runWith(join(corpora, 'purl-spec.tar.gz'), checkPurls);
} finally {
  rmSync(directory, { recursive: true });
}
for (const failure of failures) console.log(`failed: ${failure}`);
console.log(`${passed} passed, ${failures.length} failed`);
process.exitCode = failures.length === 0 ? 0 : 1;

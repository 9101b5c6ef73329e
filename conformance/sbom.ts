import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { render } from '@gabion/reports/render';
import { cycloneDxVersions } from '@gabion/sbom/cyclonedx/cyclonedx-document';
import { sampleOptions, sampleResult } from './sample-result.ts';

// Validates SBOMs against the official schemas:
//   node --conditions=source conformance/sbom.ts [TOOLS]
// TOOLS is a folder with `npm i @cyclonedx/cyclonedx-library ajv ajv-formats` and, in `venv`, `pip install spdx-tools`.
const tools = resolve(process.argv[2] ?? join(tmpdir(), 'gabion-document-tools'));
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

function runWith(path: string, run: (path: string) => void): void {
  if (existsSync(path)) run(path);
  else console.log(`skipped: no ${path}`);
}

try {
  runWith(join(tools, 'node_modules/@cyclonedx/cyclonedx-library/res/schema'), checkCycloneDx);
  runWith(join(tools, 'venv/bin/pyspdxtools'), checkSpdx);
} finally {
  rmSync(directory, { recursive: true });
}
for (const failure of failures) console.log(`failed: ${failure}`);
console.log(`${passed} passed, ${failures.length} failed`);
process.exitCode = failures.length === 0 ? 0 : 1;

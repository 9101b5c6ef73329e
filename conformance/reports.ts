import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { render } from '@gabion/reports/render';
import { sampleOptions, sampleResult } from './sample-result.ts';

// Holds CSAF against the mandatory tests of its standard, and SARIF against a model of its schema:
//   node --conditions=source conformance/reports.ts [TOOLS]
// TOOLS is a folder with `npm i @secvisogram/csaf-validator-lib` and, in `venv`, `pip install sarif-pydantic`.
const tools = resolve(process.argv[2] ?? join(tmpdir(), 'gabion-document-tools'));
const failures: string[] = [];
let passed = 0;

async function checkCsaf(library: string): Promise<void> {
  const load = (name: string) => import(pathToFileURL(join(library, name)).href);
  const { default: validate } = await load('validate.js');
  const { csaf_2_0: schema } = await load('schemaTests.js');
  const mandatory = Object.values(await load('mandatoryTests.js'));
  const document = JSON.parse(render(sampleResult, 'csaf', sampleOptions));
  for (const test of [schema, ...mandatory]) {
    const { isValid, tests } = await validate([test], document);
    if (isValid) passed++;
    else failures.push(`CSAF: ${JSON.stringify(tests).slice(0, 500)}`);
  }
}

function checkSarif(python: string): void {
  const program = 'import json, sys\nfrom sarif_pydantic import Sarif\nSarif.model_validate(json.load(sys.stdin))';
  try {
    execFileSync(python, ['-c', program], { input: render(sampleResult, 'sarif', sampleOptions), stdio: 'pipe' });
    passed++;
  } catch (error) {
    failures.push(`SARIF: ${String((error as { stderr?: Buffer }).stderr ?? error).slice(-500)}`);
  }
}

const library = join(tools, 'node_modules/@secvisogram/csaf-validator-lib');
const python = join(tools, 'venv/bin/python');
if (existsSync(library)) await checkCsaf(library);
else console.log(`skipped: no ${library}`);
if (existsSync(python)) checkSarif(python);
else console.log(`skipped: no ${python}`);
for (const failure of failures) console.log(`failed: ${failure}`);
console.log(`${passed} passed, ${failures.length} failed`);
process.exitCode = failures.length === 0 ? 0 : 1;

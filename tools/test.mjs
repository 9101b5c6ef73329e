// Runs every check and every test of the tree, and ends with one plain line: "N passed, N failed, N skipped".
// Nx answers from its cache what has not changed. `--full` runs the long tests too.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempDisposable, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { contractsBefore } from './contracts-before.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const isFull = process.argv.includes('--full');
const run = promisify(execFile);
const nx = join(root, 'node_modules/nx/dist/bin/nx.js');
const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => stopping.abort());

const counts = { passed: 0, failed: [], skipped: [] };
const began = performance.now();

for (const name of ['proto', 'format', 'boundaries', 'typecheck'])
  await check(name, ['run', `gabion-workspace:${name}`]);
await checkBreaking();
await check('build', ['run-many', '-t', 'build', '--parallel=2']);
await tests();

for (const { project, file, name } of counts.skipped)
  say(`skipped  ${[project, file, name].filter(Boolean).join(' › ')}`);
for (const { project, file, name } of counts.failed)
  say(`failed   ${[project, file, name].filter(Boolean).join(' › ')}`);
say(`in ${((performance.now() - began) / 1000).toFixed(0)} s`);
const skipped = counts.skipped.length > 0 ? `, ${counts.skipped.length} skipped` : '';
say(`${counts.passed} passed, ${counts.failed.length} failed${skipped}`);
process.exitCode = stopping.signal.aborted ? 3 : counts.failed.length > 0 ? 1 : 0;

async function check(name, args) {
  if (stopping.signal.aborted) return;
  note(name, (await runNx(args)) === 0);
}

function note(name, isFine) {
  say(`${isFine ? 'passed' : 'FAILED'}   ${name}`);
  if (isFine) counts.passed++;
  else counts.failed.push({ project: '', file: '', name });
}

/** Contracts that are in use may grow and never break: compared with those before the latest change to them. */
async function checkBreaking() {
  await using before = await contractsBefore(root);
  if (before.skipped) {
    say(`skipped  contracts break nothing: ${before.skipped}`);
    counts.skipped.push({ project: '', file: '', name: `contracts break nothing: ${before.skipped}` });
    return;
  }
  const buf = join(root, 'node_modules/.bin/buf');
  const [code] = await ended(spawn(buf, ['breaking', '--against', before.directory], { cwd: root, stdio: 'inherit' }));
  note('contracts break nothing', code === 0);
}

async function tests() {
  if (stopping.signal.aborted) return;
  const projects = await testedProjects();
  await Promise.all(projects.map(({ results }) => rm(results, { force: true })));

  // Loaded here: it is built only now.
  const { startServersForRun } = await import('@gabion/testkit/servers');
  await using servers = await startServersForRun(say);
  const parts = Object.keys(servers.env).sort().join(' ');
  const env = {
    ...servers.env,
    GABION_TEST_RUN: '1',
    // Part of the cache's key: with another set of servers other tests are skipped.
    GABION_TEST_PARTS: parts,
    ...(isFull && { GABION_TEST_LONG: '1' }),
  };
  await runNx(['run-many', '-t', 'test', '--parallel=2', '--nx-bail=false'], env);
  for (const { name, results } of projects) add(name, await readFile(results, 'utf8').catch(() => undefined));
}

/** Every project with tests, and where its counts are written. */
async function testedProjects() {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'gabion-graph-'));
  const file = join(folder.path, 'graph.json');
  await run(process.execPath, [nx, 'graph', `--file=${file}`], { cwd: root });
  const { nodes } = JSON.parse(await readFile(file, 'utf8')).graph;
  return Object.values(nodes)
    .filter(({ data }) => data.targets?.test)
    .map(({ name, data }) => ({ name, results: join(root, data.root, '.gabion', 'tests.json') }));
}

function add(project, text) {
  if (text === undefined) {
    counts.failed.push({ project, file: '', name: 'ended without results' });
    return;
  }
  const { passed, failed, skipped } = JSON.parse(text);
  counts.passed += passed;
  counts.failed.push(...failed.map((each) => ({ project, ...each })));
  counts.skipped.push(...skipped.map((each) => ({ project, ...each })));
}

async function runNx(args, env = {}) {
  const child = spawn(process.execPath, [nx, ...args, '--output-style=static'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, NX_DAEMON: 'false', NX_TUI: 'false', ...env },
  });
  const stop = () => child.kill('SIGTERM');
  stopping.signal.addEventListener('abort', stop, { once: true });
  const [code] = await ended(child);
  stopping.signal.removeEventListener('abort', stop);
  return code;
}

function ended(child) {
  return once(child, 'exit');
}

function say(line) {
  process.stdout.write(`${line}\n`);
}

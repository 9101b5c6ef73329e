// Every parser of hostile bytes under inputs made of valid ones, for a bounded time. A parser passes when it throws
// nothing but its own errors, takes no more than 2 s for any input, and stays below 512 MiB of heap.
//   node --experimental-transform-types --conditions=source conformance/fuzz.ts [--seconds 60] [--seed 1] [--target NAME [--round N]] [--list]
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { type Finding, inputOf, type Task, type Told } from './fuzz/rounds.ts';
import { targets } from './fuzz/targets.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
    target: { type: 'string' },
    round: { type: 'string' },
    list: { type: 'boolean', default: false },
  },
});
const seed = Number(values.seed);
const names = targets.map(({ name }) => name).filter((name) => values.target === undefined || name === values.target);
/** A round that does not end is given up after so long. */
const hangMs = 20_000;
const directory = join(tmpdir(), `gabion-fuzz-${process.pid}`);
const rounds = new Map<string, number>();
const failed = new Set<string>();

if (values.list) console.log(names.join('\n'));
else await fuzzAll();

async function fuzzAll(): Promise<void> {
  if (names.length === 0) throw new Error(`no target ${values.target}; --list names them`);
  console.log(`seed ${seed}, ${names.length} targets, ${values.seconds} s`);
  for (let left = names; left.length > 0; ) left = await fuzz(left);
  for (const name of names)
    console.log(`${failed.has(name) ? 'FAILED' : 'passed'}   ${name}: ${rounds.get(name) ?? 0} inputs`);
  console.log(`${names.length - failed.size} passed, ${failed.size} failed`);
  process.exitCode = failed.size > 0 ? 1 : 0;
}

/** Runs targets in a thread until all are done or one does not end; answers those that have not had their turn. */
async function fuzz(left: readonly string[]): Promise<string[]> {
  const beat = new SharedArrayBuffer(12);
  const task: Task = {
    names: left,
    seed,
    millisecondsEach: (Number(values.seconds) * 1000) / names.length,
    ...(values.round !== undefined && { round: Number(values.round) }),
    beat,
  };
  const thread = new Worker(new URL('./fuzz/rounds.ts', import.meta.url), {
    workerData: task,
    resourceLimits: { maxOldGenerationSizeMb: 512 },
  });
  const told: Promise<void>[] = [];
  const done = new Set<string>();
  thread.on('message', ({ name, rounds: count, finding }: Told) => {
    if (finding) told.push(tell(finding));
    else {
      rounds.set(name, count);
      done.add(name);
    }
  });
  const end = await ended(thread, beat);
  await Promise.all(told);
  if (end === undefined) return [];
  const [target = 0, round = 0] = new Int32Array(beat);
  const { name } = targets[target]!;
  await tell({ name, round, reason: end, input: inputOf(targets[target]!, seed, round) });
  return left.filter((each) => !done.has(each) && each !== name);
}

/** Why the thread did not come to its end; undefined when it did. */
async function ended(thread: Worker, beat: SharedArrayBuffer): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  let last = -1;
  let since = performance.now();
  const watch = setInterval(() => {
    const count = Atomics.load(new Int32Array(beat), 2);
    if (count !== last) since = performance.now();
    last = count;
    if (performance.now() - since > hangMs) resolve(`does not end within ${hangMs / 1000} s`);
  }, 500);
  thread.once('error', (error: Error) => resolve(error.stack ?? String(error)));
  thread.once('exit', () => resolve(undefined));
  const end = await promise;
  clearInterval(watch);
  await thread.terminate();
  return end;
}

async function tell({ name, round, reason, input }: Finding): Promise<void> {
  failed.add(name);
  await mkdir(directory, { recursive: true });
  const path = join(directory, `${name}-${round}`);
  await writeFile(path, input);
  console.log(`finding  ${name}: --target ${name} --seed ${seed} --round ${round}, input ${path}\n  ${reason}`);
}

// The thread in which targets run; the command watches it from outside, so that a parser that hangs is found, too.
import { parentPort, workerData } from 'node:worker_threads';
import { mutated } from './mutation.ts';
import { Random } from './random.ts';
import type { Target } from './target.ts';
import { targets } from './targets.ts';

/** What the thread is to do. */
export interface Task {
  readonly names: readonly string[];
  readonly seed: number;
  readonly millisecondsEach: number;
  /** Only this round. */
  readonly round?: number;
  /** Beats with each round: `[target, round]`. */
  readonly beat: SharedArrayBuffer;
}

/** What the thread tells. */
export interface Told {
  readonly name: string;
  readonly rounds: number;
  readonly finding?: Finding;
}

/** An input that a parser did not bear. */
export interface Finding {
  readonly name: string;
  /** Below 0: an unchanged sample. */
  readonly round: number;
  readonly reason: string;
  readonly input: Uint8Array;
}

/** Processor time of one input; a hundred times what the slowest sample takes. */
const maxMs = 2000;
/** After so many findings of one target the others get their turn. */
const maxFindings = 5;

/** The input of a round: the same for the same seed, target and round. */
export function inputOf(target: Target, seed: number, round: number): Buffer {
  if (round < 0) return target.samples[-1 - round]!;
  const name = [...target.name].reduce((sum, letter) => Math.imul(sum, 31) + letter.charCodeAt(0), seed);
  return mutated(target.samples, new Random(Math.imul(name, 0x9e3779b1) + Math.imul(round, 0x85ebca6b)));
}

if (parentPort) for (const name of (workerData as Task).names) await fuzz(targetNamed(name), workerData as Task);

function targetNamed(name: string): Target {
  return targets.find((each) => each.name === name)!;
}

async function fuzz(target: Target, task: Task): Promise<void> {
  const beat = new Int32Array(task.beat);
  const until = performance.now() + task.millisecondsEach;
  Atomics.store(beat, 0, targets.indexOf(target));
  let findings = 0;
  let rounds = 0;
  for (const round of roundsOf(target, task)) {
    if (round >= 0 && task.round === undefined && (performance.now() > until || findings >= maxFindings)) break;
    Atomics.store(beat, 1, round);
    Atomics.add(beat, 2, 1);
    const input = inputOf(target, task.seed, round);
    const reason = await reasonOf(target, Buffer.from(input), round < 0);
    rounds++;
    if (reason === undefined) continue;
    findings++;
    const finding: Finding = { name: target.name, round, reason, input };
    parentPort!.postMessage({ name: target.name, rounds: 0, finding } satisfies Told);
  }
  parentPort!.postMessage({ name: target.name, rounds } satisfies Told);
}

function* roundsOf({ samples }: Target, { round }: Task): Generator<number> {
  if (round !== undefined) return yield round;
  for (let sample = 1; sample <= samples.length; sample++) yield -sample;
  for (let next = 0; ; next++) yield next;
}

/** Why the input is a finding; undefined when all is well. */
async function reasonOf(target: Target, input: Buffer, isSample: boolean): Promise<string | undefined> {
  const before = process.threadCpuUsage();
  try {
    const holdsAny = await target.run(input);
    if (isSample && !holdsAny) return 'a valid sample holds nothing';
  } catch (error) {
    const { name, message, stack } = error as Error;
    if (isSample) return `a valid sample is refused: ${name}: ${message}`;
    if (!target.errors.includes(name)) return stack ?? String(error);
  }
  const { user, system } = process.threadCpuUsage(before);
  const ms = Math.round((user + system) / 1000);
  return ms > maxMs ? `took ${ms} ms of processor time` : undefined;
}

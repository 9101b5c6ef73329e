import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, stat } from 'node:fs/promises';
import { expect, it } from '@jest/globals';

const isLinux = process.platform === 'linux';

(isLinux ? it : it.skip)('keeps the memory of a process from core dumps and from its own user', async () => {
  await using before = await begun('undefined');
  expect((await stat(`/proc/${before.pid}/environ`)).uid).toBe(before.uid);
  await using after = await begun('(await import(process.argv[1])).forbidDumps()');
  expect(await readFile(`/proc/${after.pid}/limits`, 'utf8')).toMatch(/^Max core file size +0 +0 /m);
  // What /proc tells of a process that cannot be dumped is root's alone (proc(5)).
  expect((await stat(`/proc/${after.pid}/environ`)).uid).toBe(0);
});

/** A process of an ordinary user that has done `work`. */
async function begun(work: string) {
  const program = new URL('../src/dumps.ts', import.meta.url).href;
  const uid = process.getuid?.() || 65_534;
  // Not by console.log, which colours what it prints where the environment says so.
  const script = `process.stdout.write(String(await ${work})); setInterval(() => {}, 1000)`;
  const child = spawn(
    process.execPath,
    [
      '--experimental-transform-types',
      '--disable-warning=ExperimentalWarning',
      '--input-type=module',
      '-e',
      script,
      program,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'], uid, cwd: '/' },
  );
  const stop = async () => {
    if (child.exitCode !== null || !child.kill('SIGKILL')) return;
    await once(child, 'exit');
  };
  await using stack = new AsyncDisposableStack();
  stack.defer(stop);
  const [said] = (await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])) as [Buffer | number];
  expect(said.toString()).toBe('undefined');
  stack.move();
  return { pid: child.pid as number, uid, [Symbol.asyncDispose]: stop };
}

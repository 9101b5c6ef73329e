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
  const script = `console.log(await ${work}); setInterval(() => {}, 1000)`;
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
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  expect(said.toString()).toBe('undefined\n');
  return {
    pid: child.pid as number,
    uid,
    async [Symbol.asyncDispose]() {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}

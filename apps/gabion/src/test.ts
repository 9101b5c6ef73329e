import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Complaint, exitCodes } from './complaint.ts';

/** Checks and tests the whole tree; exit code 1 when something failed. */
export async function test(options: { full?: true }): Promise<void> {
  const runner = fileURLToPath(new URL('../../../tools/test.mjs', import.meta.url));
  await access(runner).catch(() => {
    throw new Complaint('tests run from a checkout; this is an installation', { code: 'sources_missing' });
  });
  const child = spawn(process.execPath, [runner, ...(options.full ? ['--full'] : [])], { stdio: 'inherit' });
  // The runner stops what it started; this process waits for it.
  const pass = (signal: NodeJS.Signals) => child.kill(signal);
  process.on('SIGINT', pass).on('SIGTERM', pass);
  const [code] = (await once(child, 'exit')) as [number | null];
  process.exitCode = code === 0 ? exitCodes.fine : code === 1 ? exitCodes.no : exitCodes.failed;
}

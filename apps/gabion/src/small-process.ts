/** For a process that has little to keep: a small heap, and without Maglev, whose compilations leave some 30 MB behind. */
const flags = [
  '--max-semi-space-size=1',
  '--max-old-space-size=40',
  '--v8-pool-size=1',
  '--no-maglev',
  '--optimize-for-size',
];

/**
 * Replaces this process by one of the same command with a small heap and without core dumps, under the same pid; does
 * nothing in that one.
 */
export async function becomeSmall(): Promise<void> {
  if (process.execArgv.includes(flags[0] as string) || process.execve === undefined) return;
  // The limit stays with the next process, and what it takes to set it (8 MB) does not.
  const { forbidDumps } = await import('@gabion/kms-secrets/dumps');
  const dumpable = await forbidDumps();
  if (dumpable) process.stderr.write(`core dumps are not forbidden: ${dumpable}\n`);
  const args = [process.execPath, ...flags, '--disable-warning=ExperimentalWarning', ...process.execArgv];
  process.removeAllListeners('warning');
  process.execve(process.execPath, [...args, ...process.argv.slice(1)], process.env);
}

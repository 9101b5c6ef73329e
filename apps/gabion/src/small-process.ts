/** For a process that has little to do and to keep: a small heap, and the lesser one of the optimising compilers. */
const flags = ['--max-semi-space-size=1', '--max-old-space-size=64', '--v8-pool-size=1', '--no-turbofan'];

/** Replaces this process by one of the same command with a small heap, under the same pid; does nothing in that one. */
export function becomeSmall(): void {
  if (process.execArgv.includes(flags[0] as string) || process.execve === undefined) return;
  const args = [process.execPath, ...flags, '--disable-warning=ExperimentalWarning', ...process.execArgv];
  process.removeAllListeners('warning');
  process.execve(process.execPath, [...args, ...process.argv.slice(1)], process.env);
}

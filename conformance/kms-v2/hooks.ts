import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** What the harness has done to the provider and the service behind it; a scenario without its hook is skipped. */
export interface Hooks {
  readonly rotate?: () => Promise<void>;
  readonly disable?: () => Promise<void>;
  readonly enable?: () => Promise<void>;
  readonly restart?: () => Promise<void>;
  /** Has all stored values written again, and waits for the end. */
  readonly migrate?: () => Promise<void>;
}

/** Hooks from shell commands; each has a minute. */
export function hooksOf(commands: Readonly<Record<string, string | undefined>>): Hooks {
  const hooks: Record<string, () => Promise<void>> = {};
  for (const [name, command] of Object.entries(commands)) {
    if (command !== undefined) hooks[name] = () => shell(command);
  }
  return hooks;
}

async function shell(command: string): Promise<void> {
  await run('/bin/sh', ['-c', command], { timeout: 60_000 });
}

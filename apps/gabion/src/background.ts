import { spawn } from 'node:child_process';
import { closeSync, openSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { Complaint, exitCodes } from './complaint.ts';
import { type DataDir, prepareDataDir } from './data-dir.ts';
import { showProgress } from './progress.ts';
import { version } from './version.ts';

/** What the process in the background tells the one that waits for it. */
type Message = { ready: true } | { progress: string } | { said: string };

/** Starts the same command in the background and waits until it is ready; its log goes to the data directory. */
export async function upInBackground(dataDir: DataDir): Promise<void> {
  await prepareDataDir(dataDir, version);
  const log = openSync(dataDir.logFile, 'a', 0o600);
  const from = statSync(dataDir.logFile).size;
  const child = spawn(
    process.execPath,
    [...process.execArgv, ...process.argv.slice(1).filter((each) => each !== '--detach')],
    {
      detached: true,
      stdio: ['ignore', log, log, 'ipc'],
    },
  );
  closeSync(log);
  using progress = showProgress();
  const isReady = await new Promise<boolean>((resolve, reject) => {
    child.once('error', reject).once('exit', () => resolve(false));
    child.on('message', (message: Message) => {
      if ('progress' in message) progress.at(message.progress);
      else if ('said' in message) process.stdout.write(`${message.said}\n`);
      else resolve(true);
    });
  });
  if (!isReady) throw await whyNot(dataDir, from, child.exitCode);
  child.disconnect();
  child.unref();
}

/** The complaint that the background process ended with, from its log. */
async function whyNot(dataDir: DataDir, from: number, exitCode: number | null): Promise<Complaint> {
  await using file = await open(dataDir.logFile);
  const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(64 * 1024), position: from });
  const said = buffer.toString('utf8', 0, bytesRead).split('\n');
  const [, message, code] = said.map((line) => /^gabion: (.*) \[([a-z_]+)\]$/.exec(line)).find(Boolean) ?? [];
  const at = said.findIndex((line) => line.startsWith('gabion: '));
  const hint = message === undefined ? `Its log tells more: ${dataDir.logFile}` : said[at + 1]?.trim();
  return new Complaint(message ?? `the platform ended while it started (exit code ${exitCode})`, {
    code: code ?? 'start_failed',
    ...(hint && { hint }),
    exitCode: exitCode || exitCodes.failed,
  });
}

import { setTimeout as delay } from 'node:timers/promises';
import { Complaint, exitCodes } from './complaint.ts';
import { dataDirOf } from './data-dir.ts';
import { type Holder, holderOf, isRunning } from './holder.ts';
import { showProgress } from './progress.ts';

/** How long a stop may take before it is called a failure; the platform itself gives up waiting after 5 s. */
const patienceMs = 10_000;

/** Stops what runs on the data directory and waits until it has ended. */
export async function down(options: { data?: string }): Promise<void> {
  const dataDir = dataDirOf(options.data, process.env);
  const holder = await holderOf(dataDir);
  if (!holder) {
    process.stdout.write(`Nothing runs on ${dataDir.root}\n`);
    return;
  }
  stop(holder);
  using progress = showProgress();
  const until = Date.now() + patienceMs;
  while (await isRunning(holder, dataDir)) {
    if (Date.now() > until)
      throw new Complaint(`process ${holder.pid} has not ended ${patienceMs / 1000} s after it was told to`, {
        code: 'still_running',
        hint: `Its log may say why: ${dataDir.logFile}. \`kill -9 ${holder.pid}\` loses nothing that was stored.`,
        exitCode: exitCodes.failed,
      });
    await delay(50);
    if (until - Date.now() < patienceMs - 1000) progress.at(`waiting for process ${holder.pid} to end…`);
  }
  process.stdout.write(`Stopped (process ${holder.pid})\n`);
}

function stop({ pid }: Holder): void {
  try {
    process.kill(pid, 'SIGTERM');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return;
    throw new Complaint(`process ${pid} belongs to somebody else`, {
      code: 'not_permitted',
      hint: 'Stop it as its owner, or as root.',
      exitCode: exitCodes.failed,
      cause: error,
    });
  }
}

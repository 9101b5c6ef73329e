import { exitCodes } from './complaint.ts';

/** A stop that takes longer is cut short: whatever hangs then has nothing that is not in PostgreSQL's write-ahead log. */
const graceMs = 4800;

/** Resolves at the first SIGINT or SIGTERM. From then on the process ends in 5 s at the latest, at a second signal at once. */
export function untilToldToStop(): Promise<void> {
  return new Promise((stop) => {
    let isStopping = false;
    const told = () => {
      if (isStopping) process.exit(exitCodes.failed);
      isStopping = true;
      setTimeout(() => {
        process.stderr.write('gabion: stopping takes too long; leaving now\n');
        process.exit(exitCodes.failed);
      }, graceMs).unref();
      stop();
    };
    process.on('SIGINT', told).on('SIGTERM', told);
  });
}

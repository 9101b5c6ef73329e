import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { AdvisoryService } from '@gabion/contracts/gabion/scan/v1/advisories_pb';
import { showProgress } from './progress.ts';
import { scannerFor } from './solo-scanner.ts';

/** Writes what the sources hold into a file, which is there whole or not at all. */
export async function exportAdvisories(
  path: string,
  options: { readonly data?: string; readonly json?: true; readonly source?: readonly string[] },
): Promise<void> {
  await using scanner = await scannerFor(options.data);
  using progress = showProgress();
  const draft = `${path}.${process.pid}.part`;
  let bytes = 0;
  try {
    const chunks = scanner
      .client(AdvisoryService)
      .exportAdvisories({ sources: [...(options.source ?? [])] }, scanner.as);
    await pipeline(
      (async function* () {
        for await (const { data } of chunks) {
          bytes += data.length;
          progress.at(`${(bytes / 1e6).toFixed(1)} MB…`);
          yield data;
        }
      })(),
      createWriteStream(draft, { flags: 'wx' }),
    );
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  progress[Symbol.dispose]();
  process.stdout.write(
    options.json ? `${JSON.stringify({ path, bytes })}\n` : `${path}: ${(bytes / 1e6).toFixed(1)} MB\n`,
  );
}

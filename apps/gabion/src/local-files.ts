import { spawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { Complaint, exitCodes } from './complaint.ts';

/** Size of a part of an upload; the contract allows 1 MiB. */
const chunkBytes = 256 * 1024;

/** A file's bytes, in parts. */
export function fileChunks(path: string): AsyncIterable<Uint8Array> {
  return createReadStream(path, { highWaterMark: chunkBytes });
}

/**
 * A directory as a tar. The system's `tar` writes it: it knows long names, sparse files and every file type, and the
 * reader at the other end takes what it writes.
 */
export async function* tarChunks(directory: string, isRoot = false): AsyncIterable<Uint8Array> {
  const tar = spawn('tar', [...(isRoot ? rootOptions : []), '-cf', '-', '-C', directory, '.'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  tar.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = `${said}${text}`.slice(-2000);
  });
  const ended = new Promise<number | null>((resolve, reject) => tar.once('error', reject).once('close', resolve));
  // Whoever waits for it below learns of the failure; until then it must not count as unhandled.
  ended.catch(() => {});
  try {
    for await (const bytes of tar.stdout as AsyncIterable<Buffer>) yield* parts(bytes);
    // 1: files that changed while they were read, which files of a running system do.
    if ((await ended) !== 0 && !(isRoot && tar.exitCode === 1)) throw unreadable(directory, said);
  } finally {
    tar.kill();
  }
}

/** Of a file system: no other file systems in it, no devices, and what its reader may not read is left out. */
const rootOptions = [
  '--one-file-system',
  '--ignore-failed-read',
  '--anchored',
  '--exclude=./dev/*',
  '--exclude=./proc/*',
  '--exclude=./sys/*',
];

function* parts(bytes: Buffer): Iterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
}

function unreadable(directory: string, said: string): Complaint {
  return new Complaint(`${directory} cannot be read whole: ${said.trim()}`, {
    code: 'path_unreadable',
    exitCode: exitCodes.usage,
  });
}

import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { base64In } from './base64.ts';
import { Complaint } from './complaint.ts';

/** Bytes of a message, as the contract allows. */
const maxMessageBytes = 1024 * 1024;

/** A file's content; standard input for "-", or when there is no file. */
export async function contentOf(file: string | undefined): Promise<Buffer> {
  if (file === undefined || file === '-') return buffer(process.stdin);
  return readFile(file).catch((cause) => {
    throw unreadable(file, cause);
  });
}

/** As `contentOf`, of what the service takes in one piece. */
export async function messageIn(file: string | undefined, hint?: string): Promise<Buffer> {
  const message = await contentOf(file);
  if (message.length <= maxMessageBytes) return message;
  throw new Complaint(`${nameOf(file)} has more than 1 MiB`, { code: 'message_too_large', ...(hint && { hint }) });
}

/** What an option gives: base64 itself, or a file that holds it, in base64 or as it is. */
export async function bytesGiven(given: string, what: string): Promise<Buffer> {
  const bytes = given === '-' ? await buffer(process.stdin) : await fileOrNone(given);
  const found = bytes ? (base64In(bytes.toString('latin1')) ?? bytes) : base64In(given);
  if (!found) throw usage(`the ${what} is neither a file nor base64`);
  if (found.length === 0) throw usage(`the ${what} is empty`);
  return found;
}

/** How complaints call it. */
export function nameOf(file: string | undefined): string {
  return file === undefined || file === '-' ? 'standard input' : file;
}

/** A complaint of what was typed or piped in. */
export function usage(message: string, hint?: string): Complaint {
  return new Complaint(message, { code: 'usage', ...(hint && { hint }) });
}

/** Base64 is tried where no file can be meant: a signature may be longer than a file's name, and is seldom one. */
async function fileOrNone(path: string): Promise<Buffer | undefined> {
  return readFile(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code && ['ENOENT', 'ENOTDIR', 'ENAMETOOLONG'].includes(cause.code)) return undefined;
    throw unreadable(path, cause);
  });
}

function unreadable(file: string, cause: unknown): Complaint {
  return new Complaint(`${file} cannot be read`, { code: 'file_unreadable', cause });
}

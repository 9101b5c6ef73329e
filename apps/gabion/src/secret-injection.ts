import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { SecretService } from '@gabion/contracts/gabion/kms/v1/secrets_pb';
import { writePrivately } from '@gabion/service/private-file';
import { type AskOptions, askPlatform } from './asking.ts';
import { Complaint, complaintOf, exitCodes } from './complaint.ts';
import { environmentOf, type SecretReference } from './secret-environment.ts';
import { piecesOf, rendered, type SecretsByPath, type SecretWish, TemplateError } from './secret-template.ts';

type Options = Pick<AskOptions, 'data'>;

/** Replaces the secrets in a template; nothing is written unless all of them are there. */
export async function renderTemplate(
  template: string,
  { output, mode = 0o600, ...options }: Options & { readonly output?: string; readonly mode?: number },
): Promise<void> {
  const text = await templateIn(template);
  const bytes = await placed(template, async () => {
    const pieces = piecesOf(text);
    const wishes = pieces.filter((piece): piece is SecretWish => typeof piece !== 'string');
    return rendered(pieces, await readAll(wishes, options));
  });
  if (output === undefined) process.stdout.write(bytes);
  else await writePrivately(output, bytes, mode);
}

/** Runs a command with secrets in its environment; this process ends as it does. */
export async function runWithSecrets(
  [command = '', ...args]: readonly string[],
  { env: references, ...options }: Options & { readonly env: Readonly<Record<string, SecretReference>> },
): Promise<void> {
  const secrets = await readAll(Object.values(references), options);
  const env = { ...process.env, ...environmentOf(references, secrets) };
  const ended = await endOf(command, args, env);
  if (ended.signal) process.kill(process.pid, ended.signal);
  process.exitCode = ended.code ?? exitCodes.failed;
}

async function templateIn(template: string): Promise<string> {
  const bytes = await (template === '-' ? buffer(process.stdin) : readFile(template)).catch((cause) => {
    throw new Complaint(`${template} cannot be read`, { code: 'file_unreadable', cause });
  });
  const text = bytes.toString('utf8');
  if (Buffer.from(text).equals(bytes)) return text;
  throw new Complaint(`${template} is not UTF-8`, { code: 'template_malformed' });
}

/** What is wrong with a template, with its place in front. */
async function placed<T>(template: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    const { place, code, message } = error;
    throw new Complaint(`${template}:${place.line}:${place.column}: ${message}`, { code, cause: error });
  }
}

/** Each path once: one read of it is on the trail. */
async function readAll(wishes: readonly (SecretReference | SecretWish)[], options: Options): Promise<SecretsByPath> {
  const first = new Map(wishes.toReversed().map((wish) => [wish.path, wish]));
  return askPlatform(options, async ({ client, as }) => {
    const found = new Map<string, Readonly<Record<string, Uint8Array>>>();
    for (const [path, wish] of first) {
      const read = client(SecretService).readSecret({ path }, as);
      const { data } = await read.catch((error: unknown) => {
        throw ofWish(wish, error);
      });
      found.set(path, data);
    }
    return found;
  });
}

/** Why a secret could not be read, with who wished for it. */
function ofWish(wish: SecretReference | SecretWish, error: unknown): Error {
  const { code, message, hint, exitCode } = complaintOf(error);
  if ('place' in wish) return new TemplateError(wish.place, code, `${wish.path}: ${message}`);
  return new Complaint(`${wish.path}: ${message}`, { code, ...(hint && { hint }), exitCode, cause: error });
}

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const handedOn: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'];
/** A terminal sends these to the command itself, too. */
const ofTerminal: readonly NodeJS.Signals[] = ['SIGINT', 'SIGQUIT'];

async function endOf(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<Ended> {
  const hand = (signal: NodeJS.Signals) => {
    if (!(process.stdin.isTTY && ofTerminal.includes(signal))) child.kill(signal);
  };
  // Before there is a command: a signal that comes at once must not leave it behind. It is heard in a later turn.
  for (const signal of handedOn) process.on(signal, hand);
  const child = spawn(command, args, { stdio: 'inherit', env });
  try {
    return await new Promise((resolve, reject) => {
      child.once('error', (cause: NodeJS.ErrnoException) => reject(notRun(command, cause)));
      child.once('exit', (code, signal) => resolve({ code, signal }));
    });
  } finally {
    for (const signal of handedOn) process.off(signal, hand);
  }
}

/** The exit codes are those of a shell. */
function notRun(command: string, cause: NodeJS.ErrnoException): Complaint {
  const isMissing = cause.code === 'ENOENT';
  return new Complaint(`${command} ${isMissing ? 'is not there' : 'cannot be run'}`, {
    code: isMissing ? 'command_not_found' : 'command_failed',
    exitCode: isMissing ? 127 : 126,
    cause,
  });
}

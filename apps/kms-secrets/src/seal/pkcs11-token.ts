import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import type { Pkcs11Config } from '../config.ts';
import { bindingOf, type HeldPlace, type KeyHolder } from './key-holder.ts';
import type { TokenAnswer, TokenRequest } from './pkcs11-session.ts';
import { SealProblem } from './seal-problem.ts';

/** How long a token may take. */
const deadlineMs = 15_000;
const extension = import.meta.filename.endsWith('.ts') ? 'ts' : 'js';
const program = `${import.meta.dirname}/pkcs11-process.${extension}`;
const flags =
  extension === 'ts'
    ? ['--experimental-transform-types', '--conditions=source', '--disable-warning=ExperimentalWarning']
    : [];

/**
 * An AES key that does not leave its token, reached by PKCS #11. The vendor's library runs in a process of its own for
 * one operation: what it crashes, hangs or leaks is not the key service.
 */
export class Pkcs11Token implements KeyHolder {
  readonly #config: Pkcs11Config;

  constructor(config: Pkcs11Config) {
    this.#config = config;
  }

  close(key: Uint8Array, place: HeldPlace): Promise<Buffer> {
    return this.#ask('close', key, place);
  }

  open(closed: Uint8Array, place: HeldPlace): Promise<Buffer> {
    return this.#ask('open', closed, place);
  }

  async #ask(operation: TokenRequest['operation'], bytes: Uint8Array, place: HeldPlace): Promise<Buffer> {
    const { module, token, key, pinFile } = this.#config;
    const pin = await readFile(pinFile, 'utf8').catch((error: Error) => {
      throw new SealProblem(`the PIN of the token is not read: ${error.message}`);
    });
    const input = Buffer.from(bytes).toString('base64');
    const request: TokenRequest = { module, token, key, pin: pin.trim(), operation, input, binding: bindingOf(place) };
    const answer = await answered(request);
    if ('output' in answer) return Buffer.from(answer.output, 'base64');
    throw new SealProblem(`the token ${token}: ${answer.problem}`, { isFinal: answer.isFinal });
  }
}

async function answered(request: TokenRequest): Promise<TokenAnswer> {
  const child = spawn(process.execPath, [...flags, program], {
    stdio: ['pipe', 'pipe', 'ignore'],
    // Libraries are configured by their environment, too.
    env: process.env,
    timeout: deadlineMs,
    killSignal: 'SIGKILL',
  });
  const ended = once(child, 'close');
  // A process that ended before it read says so by its answer.
  child.stdin.on('error', () => {});
  child.stdin.end(JSON.stringify(request));
  const said = await text(child.stdout);
  const [code, signal] = (await ended) as [number | null, string | null];
  try {
    return JSON.parse(said) as TokenAnswer;
  } catch {
    const how = signal === 'SIGKILL' ? `gave no answer within ${deadlineMs / 1000} s` : `ended with ${signal ?? code}`;
    return { problem: `its library ${how}`, isFinal: false };
  }
}

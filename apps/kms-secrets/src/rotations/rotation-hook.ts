import { Agent, request } from 'node:https';
import { Fault } from '@gabion/rpc/fault';
import type { SecretData } from '../secrets/secret-values.ts';
import { dataInAnswer } from './hook-answer.ts';
import { rotationFaults } from './rotation-faults.ts';

const timeoutMs = 10_000;
/** 1 MiB of values is 1.34 MiB in base64. */
const mostAnswerBytes = 1.5 * 1024 * 1024;

/** What a hook says: the next version, or that it puts it itself. */
export type HookAnswer = { readonly kind: 'version'; readonly data: SecretData } | { readonly kind: 'later' };

export interface HookRequest {
  /** https. */
  readonly url: string;
  /** PEM; the machine's own authorities when empty. */
  readonly ca: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Asks a hook: TLS with a verified certificate, no redirects, 10 s in all. Throws Faults `hook_*`. */
export async function askHook(asked: HookRequest, signal: AbortSignal): Promise<HookAnswer> {
  const timeout = AbortSignal.timeout(timeoutMs);
  const agent = new Agent({ keepAlive: false, rejectUnauthorized: true, ...(asked.ca && { ca: asked.ca }) });
  try {
    return await post(asked, agent, AbortSignal.any([signal, timeout]));
  } catch (error) {
    if (error instanceof Fault) throw error;
    if (timeout.aborted) throw rotationFaults.hookTimedOut();
    throw rotationFaults.hookUnreachable((error as NodeJS.ErrnoException).code ?? 'it breaks off');
  } finally {
    agent.destroy();
  }
}

function post({ url, headers, body }: HookRequest, agent: Agent, signal: AbortSignal): Promise<HookAnswer> {
  const all = {
    ...headers,
    accept: 'application/json',
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'user-agent': 'gabion',
  };
  return new Promise((resolve, reject) => {
    const asked = request(url, { method: 'POST', headers: all, agent, signal }, (answer) => {
      const refusal = refusalOf(answer.statusCode ?? 0);
      if (refusal) {
        answer.destroy();
        return reject(refusal);
      }
      bodyOf(answer)
        .then((bytes) => resolve(answerIn(answer.statusCode, bytes)), reject)
        .catch(reject);
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

function refusalOf(status: number): Fault | undefined {
  if (status === 200 || status === 204) return undefined;
  return status >= 300 && status < 400 ? rotationFaults.hookRedirects(status) : rotationFaults.hookFailed(status);
}

async function bodyOf(answer: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of answer) {
    size += part.length;
    // Leaving the loop closes the connection.
    if (size > mostAnswerBytes) throw rotationFaults.answerTooLarge(mostAnswerBytes);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function answerIn(status: number | undefined, bytes: Buffer): HookAnswer {
  return status === 204 ? { kind: 'later' } : { kind: 'version', data: dataInAnswer(bytes) };
}

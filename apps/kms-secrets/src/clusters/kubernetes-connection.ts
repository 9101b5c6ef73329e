import { Agent, request } from 'node:https';
import type { KubernetesAccess } from './kubeconfig.ts';

/** An answer of the API server other than 2xx, or none (status 0). */
export class KubernetesError extends Error {
  override readonly name = 'KubernetesError';

  constructor(
    readonly status: number,
    message: string,
    /** Of a 410: where an inconsistent list goes on. */
    readonly next = '',
  ) {
    super(message);
  }
}

const timeoutMs = 30_000;
const mostAnswerBytes = 32 * 1024 * 1024;

export type JsonObject = Readonly<Record<string, unknown>>;

export interface KubernetesRequest {
  readonly accept?: string;
  readonly contentType?: string;
  readonly body?: string;
  readonly signal: AbortSignal;
}

/** Connections to an API server, with its credentials. */
export class KubernetesConnection implements Disposable {
  readonly #access: KubernetesAccess;
  readonly #agent: Agent;

  constructor(access: KubernetesAccess) {
    this.#access = access;
    const { ca, certificate, key, serverName } = access;
    this.#agent = new Agent({
      keepAlive: true,
      maxSockets: 8,
      ...(ca && { ca }),
      ...(certificate && { cert: certificate }),
      ...(key && { key }),
      ...(serverName && { servername: serverName }),
    });
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }

  /** The JSON of an answer of 2xx; throws KubernetesError for any other. */
  ask(
    method: string,
    path: string,
    { accept = 'application/json', contentType = 'application/json', body, signal }: KubernetesRequest,
  ): Promise<JsonObject> {
    const { server, token } = this.#access;
    const headers = {
      accept,
      ...(token && { authorization: `Bearer ${token}` }),
      ...(body && { 'content-type': contentType, 'content-length': Buffer.byteLength(body) }),
    };
    const within = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    return new Promise((resolve, reject) => {
      const failed = (error: Error) =>
        reject(new KubernetesError(0, `the API server does not answer: ${error.message}`));
      const asked = request(`${server}${path}`, { method, headers, agent: this.#agent, signal: within }, (answer) => {
        const parts: Buffer[] = [];
        let size = 0;
        answer.on('data', (part: Buffer) => {
          size += part.length;
          parts.push(part);
          if (size > mostAnswerBytes) answer.destroy(new Error('the answer is too large'));
        });
        answer.on('error', failed);
        answer.on('end', () => {
          const json = parsed(Buffer.concat(parts));
          const status = answer.statusCode ?? 0;
          if (status >= 200 && status < 300 && json) return resolve(json);
          const why = text(json?.message).slice(0, 500) || 'no message';
          reject(
            new KubernetesError(
              status,
              `the API server answers ${status}: ${why}`,
              text(object(json?.metadata).continue),
            ),
          );
        });
      });
      asked.on('error', failed);
      asked.end(body);
    });
  }
}

function parsed(bytes: Buffer): JsonObject | undefined {
  try {
    return object(JSON.parse(bytes.toString('utf8')));
  } catch {
    return undefined;
  }
}

/** A mapping of an answer; empty when it is none. */
export function object(value: unknown): JsonObject {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

/** A text of an answer; empty when it is none. */
export function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

import { once } from 'node:events';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { text } from 'node:stream/consumers';
import { webhookHeaders } from '../src/rotations/hook-signature.ts';
import { ownCertificate } from './own-certificate.ts';

/** What a hook was sent. */
export interface HookAsked {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** The body as JSON. */
  readonly sent: Readonly<Record<string, unknown>>;
}

/** How a hook answers one request. */
export type HookBehaviour = (response: ServerResponse, asked: HookAsked) => unknown;

/** A hook with TLS and an authority of its own. It answers with what it is told to. */
export class HookServer implements AsyncDisposable {
  readonly asked: HookAsked[] = [];
  behaviour: HookBehaviour = versionOf({ password: 'from the hook' });
  readonly #server: Server;

  private constructor(
    readonly ca: string,
    key: string,
  ) {
    this.#server = createServer({ cert: ca, key }, async (request, response) => {
      const body = await text(request);
      const asked = { headers: request.headers, body, sent: JSON.parse(body || '{}') };
      this.asked.push(asked);
      await this.behaviour(response, asked);
    });
  }

  static async start(): Promise<HookServer> {
    const { cert, key } = await ownCertificate();
    const hook = new HookServer(cert, key);
    hook.#server.listen(0, '127.0.0.1');
    await once(hook.#server, 'listening');
    return hook;
  }

  get url(): string {
    return `https://127.0.0.1:${(this.#server.address() as { port: number }).port}/rotate`;
  }

  /** Ids of the rotations that it was asked for, in order. */
  get ids(): unknown[] {
    return this.asked.map(({ headers }) => headers['webhook-id']);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((closed) => this.#server.close(closed));
  }
}

/** Answers with a version of these texts. */
export function versionOf(texts: Readonly<Record<string, string>>): HookBehaviour {
  const data = Object.entries(texts).map(([name, value]) => [name, Buffer.from(value).toString('base64')]);
  return bodyOf(JSON.stringify({ data: Object.fromEntries(data) }));
}

export function bodyOf(body: string): HookBehaviour {
  return (response) => response.writeHead(200, { 'content-type': 'application/json' }).end(body);
}

export function status(code: number, headers: Record<string, string> = {}): HookBehaviour {
  return (response) => response.writeHead(code, headers).end();
}

/** Whether a request is signed with the key, as a hook would look at it. */
export function isSigned({ headers, body }: HookAsked, key: Uint8Array): boolean {
  const [id, timeSeconds] = [String(headers['webhook-id']), Number(headers['webhook-timestamp'])];
  return webhookHeaders({ id, timeSeconds, body }, key)['webhook-signature'] === headers['webhook-signature'];
}

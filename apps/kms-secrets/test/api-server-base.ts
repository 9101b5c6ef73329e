import { once } from 'node:events';
import type { IncomingHttpHeaders } from 'node:http';
import { createServer, type Server } from 'node:https';
import { text } from 'node:stream/consumers';
import { ownCertificate } from './own-certificate.ts';

export const apiToken = 'token-of-the-migrator';

export interface ApiRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface ApiAnswer {
  readonly status: number;
  readonly answer: object;
}

/** What of an API server is the same whatever it answers: TLS, a token, and a kubeconfig that leads there. */
export abstract class ApiServerBase implements AsyncDisposable {
  readonly asked: string[] = [];
  isAway = false;
  #server: Server | undefined;
  #kubeconfig = '';

  get kubeconfig(): Buffer {
    return Buffer.from(this.#kubeconfig);
  }

  async listen(): Promise<void> {
    const { cert, key } = await ownCertificate();
    const server = createServer({ cert, key }, async (request, response) => {
      const body = await text(request);
      const url = new URL(request.url ?? '', 'https://x');
      const { status, answer } = this.#answer({ method: request.method ?? '', url, headers: request.headers, body });
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    this.#server = server;
    const { port } = server.address() as { port: number };
    const cluster = { server: `https://127.0.0.1:${port}`, 'certificate-authority-data': base64(cert) };
    this.#kubeconfig = kubeconfigOf(cluster, { token: apiToken });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server?.closeAllConnections();
    await new Promise((closed) => this.#server?.close(closed));
  }

  protected abstract answer(request: ApiRequest): ApiAnswer;

  #answer(request: ApiRequest): ApiAnswer {
    this.asked.push(`${request.method} ${request.url.pathname}`);
    if (this.isAway) return { status: 503, answer: { message: 'away' } };
    if (request.headers.authorization !== `Bearer ${apiToken}`)
      return { status: 401, answer: { message: 'who are you' } };
    return this.answer(request);
  }
}

/** A kubeconfig of one cluster and one user. */
export function kubeconfigOf(cluster: object, user: object): string {
  return JSON.stringify({
    clusters: [{ name: 'c', cluster }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  });
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import { text } from 'node:stream/consumers';
import 'reflect-metadata';
import { PemConverter, SubjectAlternativeNameExtension, X509CertificateGenerator } from '@peculiar/x509';

interface Held {
  readonly uid: string;
  resourceVersion: string;
  patched: number;
}

const token = 'token-of-the-migrator';

/** What of an API server a storage migration asks, over TLS, with Secrets in pages of two. */
export class StandInApiServer implements AsyncDisposable {
  readonly secrets = new Map<string, Held>();
  /** Names whose patch is refused, and by which status. */
  readonly refusals = new Map<string, number>();
  readonly asked: string[] = [];
  /** The next list with a continuation answers 410, as after a compaction. */
  isExpired = false;
  isAway = false;
  #server: Server | undefined;
  #kubeconfig = '';

  static async start(count: number): Promise<StandInApiServer> {
    const api = new StandInApiServer();
    for (let at = 0; at < count; at++)
      api.secrets.set(`s${at}`, { uid: randomUUID(), resourceVersion: '1', patched: 0 });
    const keys = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
    const certificate = await X509CertificateGenerator.createSelfSigned({
      name: 'CN=api',
      keys,
      signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
      extensions: [new SubjectAlternativeNameExtension([{ type: 'ip', value: '127.0.0.1' }])],
    });
    const cert = certificate.toString('pem');
    const key = PemConverter.encode(await crypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY');
    const server = createServer({ cert, key }, async (request, response) => {
      const body = await text(request);
      const { status, answer } = api.#answer(request.method ?? '', request.url ?? '', request.headers, body);
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    api.#server = server;
    const { port } = server.address() as { port: number };
    const cluster = { server: `https://127.0.0.1:${port}`, 'certificate-authority-data': base64(cert) };
    api.#kubeconfig = kubeconfigOf(cluster, { token });
    return api;
  }

  get kubeconfig(): Buffer {
    return Buffer.from(this.#kubeconfig);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server?.closeAllConnections();
    await new Promise((closed) => this.#server?.close(closed));
  }

  #answer(
    method: string,
    url: string,
    headers: Record<string, unknown>,
    body: string,
  ): { status: number; answer: object } {
    const { pathname, searchParams } = new URL(url, 'https://x');
    this.asked.push(`${method} ${pathname}`);
    if (this.isAway) return { status: 503, answer: { message: 'away' } };
    if (headers.authorization !== `Bearer ${token}`) return { status: 401, answer: { message: 'who are you' } };
    if (!String(headers.accept).includes('PartialObjectMetadata'))
      return { status: 406, answer: { message: 'values' } };
    if (method === 'GET' && pathname === '/api/v1/secrets')
      return this.#page(Number(searchParams.get('continue') ?? 0));
    const name = pathname.replace('/api/v1/namespaces/default/secrets/', '');
    return this.#patch(name, JSON.parse(body));
  }

  #page(from: number): { status: number; answer: object } {
    if (this.isExpired && from > 0) {
      this.isExpired = false;
      return { status: 410, answer: { message: 'compacted', metadata: { continue: `${from}` } } };
    }
    const all = [...this.secrets];
    const items = all.slice(from, from + 2).map(([name, { uid, resourceVersion }]) => ({
      metadata: { name, namespace: 'default', uid, resourceVersion },
    }));
    return { status: 200, answer: { items, metadata: from + 2 < all.length ? { continue: `${from + 2}` } : {} } };
  }

  #patch(name: string, { metadata }: { metadata: { resourceVersion: string } }): { status: number; answer: object } {
    const held = this.secrets.get(name);
    const status = this.refusals.get(name) ?? (held?.resourceVersion === metadata.resourceVersion ? 200 : 409);
    if (status === 200 && held) held.patched++;
    return { status, answer: { message: `status ${status}` } };
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

import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { BuiltImage } from '@gabion/testkit/images';

type Answer = (request: IncomingMessage, response: ServerResponse) => boolean | undefined;

/** A registry that holds one image and may be told to behave badly: an answer that returns true has been given. */
export class FakeRegistry implements AsyncDisposable {
  readonly requests: { method: string; url: string; headers: IncomingMessage['headers']; body: string }[] = [];
  answer: Answer = () => false;
  readonly #server: Server;

  private constructor(
    readonly image: BuiltImage,
    tls?: { readonly cert: string; readonly key: string },
  ) {
    const take = async (request: IncomingMessage, response: ServerResponse) => {
      const body = Buffer.concat(await request.toArray()).toString();
      this.requests.push({ method: request.method!, url: request.url!, headers: request.headers, body });
      if (!this.answer(request, response)) this.#serve(request, response);
    };
    this.#server = tls ? createTlsServer(tls, take) : createServer(take);
  }

  static async start(image: BuiltImage, tls?: { readonly cert: string; readonly key: string }): Promise<FakeRegistry> {
    const registry = new FakeRegistry(image, tls);
    registry.#server.listen(0, '127.0.0.1');
    await once(registry.#server, 'listening');
    return registry;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get host(): string {
    return `127.0.0.1:${this.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const name = request.url!.split('/').at(-1)!;
    const isManifest = request.url!.includes('/manifests/');
    const bytes = this.image.blobs.get(isManifest ? this.image.manifest.digest : name);
    if (!bytes) {
      response.writeHead(404).end();
      return;
    }
    const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const range = from > 0 ? { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` } : {};
    const type = isManifest ? this.image.manifest.mediaType : 'application/octet-stream';
    response.writeHead(from > 0 ? 206 : 200, { 'content-type': type, 'content-length': bytes.length - from, ...range });
    response.end(bytes.subarray(from));
  }
}

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { BuiltImage } from '@gabion/testkit/images';

/** A registry in this process that can lie: serves images by tag, with other bytes than promised where told. */
export class FakeRegistry implements AsyncDisposable {
  readonly #server: Server;
  readonly #tags = new Map<string, BuiltImage>();
  readonly #lies = new Map<string, Buffer>();
  readonly #gates = new Map<string, { readonly after: number; readonly opened: Promise<void> }>();
  /** How often each blob was asked for. */
  readonly asked = new Map<string, number>();
  /** Blobs that were sent to the end. */
  readonly finished = new Set<string>();

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<FakeRegistry> {
    const server = createServer();
    const registry = new FakeRegistry(server);
    server.on('request', async (request, response) => {
      const [, kind, reference = ''] = /\/(manifests|blobs)\/([^/]+)$/.exec(request.url ?? '') ?? [];
      const found = registry.#find(kind, reference);
      if (kind === 'blobs') registry.asked.set(reference, (registry.asked.get(reference) ?? 0) + 1);
      const { after, opened } = registry.#gates.get(reference) ?? { after: 0, opened: undefined };
      if (after === 0) await opened;
      if (!found) return response.writeHead(404).end();
      response.writeHead(200, { 'content-type': found.type, 'content-length': found.bytes.length });
      response.write(found.bytes.subarray(0, after));
      if (after > 0) await opened;
      response.end(found.bytes.subarray(after), () => registry.finished.add(reference));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return registry;
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Serves the image; answers its reference. */
  add(name: string, image: BuiltImage): string {
    this.#tags.set(name, image);
    return `${this.host}/image:${name}`;
  }

  /** Serves other bytes under a digest than those it stands for. */
  lie(digest: string, bytes: Buffer): void {
    this.#lies.set(digest, bytes);
  }

  /** Holds answers for a digest back, all or what follows `after` bytes, until the answered function is called. */
  hold(digest: string, after = 0): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#gates.set(digest, { after, opened: promise });
    return resolve;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #find(kind: string | undefined, reference: string): { bytes: Buffer; type: string } | undefined {
    for (const [name, image] of this.#tags) {
      const digest = kind === 'manifests' && reference === name ? image.manifest.digest : reference;
      const bytes = this.#lies.get(digest) ?? image.blobs.get(digest);
      if (bytes && (kind === 'blobs' || digest === image.manifest.digest))
        return { bytes, type: kind === 'blobs' ? 'application/octet-stream' : image.manifest.mediaType };
    }
    return undefined;
  }
}

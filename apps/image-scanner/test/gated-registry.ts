import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A way to a registry that can be shut: requests whose path ends so wait until it is opened. */
export class GatedRegistry implements AsyncDisposable {
  readonly #server: Server;
  readonly #registry: string;
  readonly #gates = new Map<string, { readonly opened: Promise<void>; waiting: number }>();

  private constructor(server: Server, registry: string) {
    this.#server = server;
    this.#registry = registry;
  }

  static async start(registry: string): Promise<GatedRegistry> {
    const server = createServer();
    const gated = new GatedRegistry(server, registry);
    server.on('request', (asked, response) => void gated.#pass(asked, response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return gated;
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Shuts the way for paths that end in `suffix`, until the answered function is called. */
  shut(suffix: string): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#gates.set(suffix, { opened: promise, waiting: 0 });
    return resolve;
  }

  /** How many requests have come to the gate. */
  waiting(suffix: string): number {
    return this.#gates.get(suffix)?.waiting ?? 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #pass(asked: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path = ''] = (asked.url ?? '').split('?');
    const [, gate] = [...this.#gates].find(([suffix]) => path.endsWith(suffix)) ?? [];
    if (gate) gate.waiting++;
    await gate?.opened;
    const { method, headers } = asked;
    const onward = request(`http://${this.#registry}${asked.url}`, { method, headers }, (answer) => {
      response.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    asked.pipe(onward);
  }
}

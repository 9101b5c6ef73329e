import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a server may do instead of answering well; each is used up by one request. */
export type Mischief =
  | { readonly kind: 'status'; readonly status: number; readonly headers?: Record<string, string> }
  /** Ends the connection after so many bytes of the body. */
  | { readonly kind: 'cut'; readonly after: number }
  /** Sends so many bytes and then nothing. */
  | { readonly kind: 'stall'; readonly after: number }
  | { readonly kind: 'redirect'; readonly to: string };

export interface SeenRequest {
  readonly path: string;
  readonly status: number;
  readonly range: string | undefined;
  readonly ifNoneMatch: string | undefined;
}

/** A web server of files with entity tags and ranges, which does mischief where told. */
export class FeedServer implements AsyncDisposable {
  readonly files = new Map<string, Buffer>();
  readonly seen: SeenRequest[] = [];
  readonly #mischief = new Map<string, Mischief[]>();

  private constructor(private readonly server: Server) {
    server.on('request', (request, response) => this.#answer(request, response));
  }

  static async start(): Promise<FeedServer> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new FeedServer(server);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Next time, and the times after that, something else happens at a path. */
  next(path: string, ...mischief: Mischief[]): void {
    this.#mischief.set(path, [...(this.#mischief.get(path) ?? []), ...mischief]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url ?? '';
    const mischief = this.#mischief.get(path)?.shift();
    const body = this.files.get(path);
    const { range, 'if-none-match': ifNoneMatch } = request.headers;
    const see = (status: number) => this.seen.push({ path, status, range, ifNoneMatch });
    const end = (status: number, headers: Record<string, string> = {}) => {
      see(status);
      response.writeHead(status, headers).end();
    };
    if (mischief?.kind === 'status') return end(mischief.status, mischief.headers);
    if (mischief?.kind === 'redirect') return end(302, { location: mischief.to });
    if (!body) return end(404);
    const etag = `"${createHash('sha256').update(body).digest('hex').slice(0, 16)}"`;
    if (ifNoneMatch === etag) return end(304, { etag });
    const start = range && request.headers['if-range'] === etag ? Number(/\d+/.exec(range)![0]) : 0;
    const rest = body.subarray(start);
    see(start > 0 ? 206 : 200);
    response.writeHead(start > 0 ? 206 : 200, {
      etag,
      'content-length': rest.length,
      ...(start > 0 && { 'content-range': `bytes ${start}-${body.length - 1}/${body.length}` }),
    });
    if (!mischief) return void response.end(rest);
    response.write(rest.subarray(0, mischief.after), () => {
      // Bytes that have not been read when the connection is reset would be lost with it.
      if (mischief.kind === 'cut') setTimeout(() => response.destroy(), 100);
    });
  }
}

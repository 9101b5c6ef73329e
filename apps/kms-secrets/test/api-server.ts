import { randomUUID } from 'node:crypto';
import { type ApiAnswer, type ApiRequest, ApiServerBase } from './api-server-base.ts';

interface Held {
  readonly uid: string;
  resourceVersion: string;
  patched: number;
}

/** What of an API server a storage migration asks, over TLS, with Secrets in pages of two. */
export class StandInApiServer extends ApiServerBase {
  readonly secrets = new Map<string, Held>();
  /** Names whose patch is refused, and by which status. */
  readonly refusals = new Map<string, number>();
  /** The next list with a continuation answers 410, as after a compaction. */
  isExpired = false;

  static async start(count: number): Promise<StandInApiServer> {
    const api = new StandInApiServer();
    for (let at = 0; at < count; at++)
      api.secrets.set(`s${at}`, { uid: randomUUID(), resourceVersion: '1', patched: 0 });
    await api.listen();
    return api;
  }

  protected answer({ method, url: { pathname, searchParams }, headers, body }: ApiRequest): ApiAnswer {
    if (!String(headers.accept).includes('PartialObjectMetadata'))
      return { status: 406, answer: { message: 'values' } };
    if (method === 'GET' && pathname === '/api/v1/secrets')
      return this.#page(Number(searchParams.get('continue') ?? 0));
    const name = pathname.replace('/api/v1/namespaces/default/secrets/', '');
    return this.#patch(name, JSON.parse(body));
  }

  #page(from: number): ApiAnswer {
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

  #patch(name: string, { metadata }: { metadata: { resourceVersion: string } }): ApiAnswer {
    const held = this.secrets.get(name);
    const status = this.refusals.get(name) ?? (held?.resourceVersion === metadata.resourceVersion ? 200 : 409);
    if (status === 200 && held) held.patched++;
    return { status, answer: { message: `status ${status}` } };
  }
}

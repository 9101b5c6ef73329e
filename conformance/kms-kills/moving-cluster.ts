import { randomUUID } from 'node:crypto';
import { type ApiAnswer, type ApiRequest, ApiServerBase } from '../../apps/kms-secrets/test/api-server-base.ts';

interface Held {
  readonly uid: string;
  resourceVersion: number;
  /** When it was last written, by the service's clock in ms. */
  writtenMs: number;
}

const pageSize = 5;

/** An API server with Secrets that a migration lists, in pages, and writes again. */
export class MovingCluster extends ApiServerBase {
  readonly secrets = new Map<string, Held>();
  writes = 0;

  private constructor(private readonly nowMs: () => number) {
    super();
  }

  static async start(count: number, nowMs: () => number): Promise<MovingCluster> {
    const api = new MovingCluster(nowMs);
    for (let at = 0; at < count; at++)
      api.secrets.set(`s${at}`, { uid: randomUUID(), resourceVersion: 1, writtenMs: 0 });
    await api.listen();
    return api;
  }

  /** Names of objects that were not written since. */
  unwrittenSince(sinceMs: number): string[] {
    return [...this.secrets].filter(([, { writtenMs }]) => writtenMs < sinceMs).map(([name]) => name);
  }

  protected answer({ method, url: { pathname, searchParams }, body }: ApiRequest): ApiAnswer {
    if (method === 'GET') return this.#page(Number(searchParams.get('continue') ?? 0));
    return this.#patch(pathname.replace('/api/v1/namespaces/default/secrets/', ''), JSON.parse(body));
  }

  #page(from: number): ApiAnswer {
    const all = [...this.secrets];
    const items = all.slice(from, from + pageSize).map(([name, { uid, resourceVersion }]) => ({
      metadata: { name, namespace: 'default', uid, resourceVersion: `${resourceVersion}` },
    }));
    const end = from + pageSize;
    return { status: 200, answer: { items, metadata: end < all.length ? { continue: `${end}` } : {} } };
  }

  #patch(name: string, { metadata }: { metadata: { resourceVersion: string } }): ApiAnswer {
    const held = this.secrets.get(name);
    if (!held) return { status: 404, answer: { message: 'not found' } };
    if (`${held.resourceVersion}` !== metadata.resourceVersion) return { status: 409, answer: { message: 'conflict' } };
    held.resourceVersion++;
    held.writtenMs = this.nowMs();
    this.writes++;
    return { status: 200, answer: { metadata: { resourceVersion: `${held.resourceVersion}` } } };
  }
}

import { randomUUID } from 'node:crypto';
import { type ApiAnswer, type ApiRequest, ApiServerBase } from './api-server-base.ts';

export interface StoredSecret {
  type?: string;
  data?: Record<string, string>;
  metadata: {
    namespace: string;
    name: string;
    uid: string;
    resourceVersion: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
  };
}

const path = /^\/api\/v1\/namespaces\/([^/]+)\/secrets(?:\/([^/]+))?$/;

/** What of an API server a sync of secrets asks: Secrets that are made, read, replaced and deleted, with its preconditions. */
export class SecretStoreServer extends ApiServerBase {
  readonly secrets = new Map<string, StoredSecret>();
  #version = 1;

  static async start(): Promise<SecretStoreServer> {
    const api = new SecretStoreServer();
    await api.listen();
    return api;
  }

  /** The texts of a Secret "namespace/name"; undefined when it is not there. */
  textsOf(name: string): Record<string, string> | undefined {
    const found = this.secrets.get(name);
    const texts = Object.entries(found?.data ?? {}).map(([key, value]) => [
      key,
      Buffer.from(value, 'base64').toString(),
    ]);
    return found && Object.fromEntries(texts);
  }

  /** Stores a Secret as somebody else would. */
  write(name: string, texts: Record<string, string>): void {
    const [namespace = '', own = ''] = name.split('/');
    const data = Object.fromEntries(
      Object.entries(texts).map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
    );
    const before = this.secrets.get(name)?.metadata ?? { namespace, name: own, uid: randomUUID(), resourceVersion: '' };
    this.secrets.set(name, { type: 'Opaque', data, metadata: { ...before, resourceVersion: this.#next() } });
  }

  protected answer({ method, url, body }: ApiRequest): ApiAnswer {
    const [, namespace = '', name] = path.exec(url.pathname) ?? [];
    const sent = body ? JSON.parse(body) : {};
    if (method === 'POST') return this.#create(namespace, sent);
    const found = this.secrets.get(`${namespace}/${name}`);
    if (!found) return { status: 404, answer: { message: 'not found' } };
    if (method === 'GET') return { status: 200, answer: found };
    if (method === 'PUT') return this.#replace(`${namespace}/${name}`, found, sent);
    return this.#delete(`${namespace}/${name}`, found, sent);
  }

  #create(namespace: string, sent: StoredSecret): ApiAnswer {
    const name = `${namespace}/${sent.metadata.name}`;
    if (this.secrets.has(name)) return { status: 409, answer: { message: 'already exists' } };
    const stored = { ...sent, metadata: { ...sent.metadata, uid: randomUUID(), resourceVersion: this.#next() } };
    this.secrets.set(name, stored);
    return { status: 201, answer: stored };
  }

  #replace(name: string, found: StoredSecret, sent: StoredSecret): ApiAnswer {
    if (sent.metadata.resourceVersion !== found.metadata.resourceVersion)
      return { status: 409, answer: { message: 'the object has been modified' } };
    if (sent.type !== found.type) return { status: 422, answer: { message: 'type: field is immutable' } };
    const stored = { ...sent, metadata: { ...sent.metadata, resourceVersion: this.#next() } };
    this.secrets.set(name, stored);
    return { status: 200, answer: stored };
  }

  #delete(name: string, found: StoredSecret, sent: { preconditions?: { uid: string } }): ApiAnswer {
    if (sent.preconditions?.uid !== found.metadata.uid) return { status: 409, answer: { message: 'precondition' } };
    this.secrets.delete(name);
    return { status: 200, answer: { status: 'Success' } };
  }

  #next(): string {
    return `${++this.#version}`;
  }
}

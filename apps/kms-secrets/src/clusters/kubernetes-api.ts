import { Agent, request } from 'node:https';
import type { KubernetesAccess } from './kubeconfig.ts';

/** An object, by its metadata alone. */
export interface ObjectName {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

export interface ObjectPage {
  readonly objects: readonly ObjectName[];
  /** Where the next page begins; empty at the end. */
  readonly next: string;
}

/** An answer of the API server other than 2xx, or none (status 0). */
export class KubernetesError extends Error {
  override readonly name = 'KubernetesError';

  constructor(
    readonly status: number,
    message: string,
    /** Of a 410: where an inconsistent list goes on. */
    readonly next = '',
  ) {
    super(message);
  }
}

const timeoutMs = 30_000;
const mostAnswerBytes = 32 * 1024 * 1024;
const pageSize = 200;
const metadataOnly = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';
const oneMetadata = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';

/** What a storage migration asks of an API server. The values of objects are never asked for. */
export class KubernetesApi implements Disposable {
  readonly #access: KubernetesAccess;
  readonly #agent: Agent;
  readonly #paths = new Map<string, Promise<string>>();

  constructor(access: KubernetesAccess) {
    this.#access = access;
    const { ca, certificate, key, serverName } = access;
    this.#agent = new Agent({
      keepAlive: true,
      maxSockets: 8,
      ...(ca && { ca }),
      ...(certificate && { cert: certificate }),
      ...(key && { key }),
      ...(serverName && { servername: serverName }),
    });
  }

  /** Names of a page of a resource ("secrets", "widgets.example.com") in all namespaces. */
  async list(resource: string, from: string, signal: AbortSignal): Promise<ObjectPage> {
    const query = new URLSearchParams({ limit: `${pageSize}`, ...(from && { continue: from }) });
    const path = `${await this.#group(resource, signal)}/${nameOf(resource)}?${query}`;
    const { items, metadata } = await this.#ask('GET', path, { accept: metadataOnly, signal });
    const objects = (Array.isArray(items) ? items : []).map((item) => objectIn(item));
    return { objects, next: text(object(metadata).continue) };
  }

  /** Has the API server write the object again as it is; a 409 says that somebody else wrote it since. */
  async rewrite(resource: string, { namespace, name, uid, resourceVersion }: ObjectName, signal: AbortSignal) {
    const within = namespace && `/namespaces/${encodeURIComponent(namespace)}`;
    const query = 'fieldManager=gabion-storage-migration';
    const path = `${await this.#group(resource, signal)}${within}/${nameOf(resource)}/${encodeURIComponent(name)}?${query}`;
    const body = JSON.stringify({ metadata: { uid, resourceVersion } });
    await this.#ask('PATCH', path, { accept: oneMetadata, body, signal });
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }

  /** "/api/v1" for core resources, "/apis/<group>/<preferred version>" for others. */
  #group(resource: string, signal: AbortSignal): Promise<string> {
    const group = resource.slice(nameOf(resource).length + 1);
    if (group === '') return Promise.resolve('/api/v1');
    const known = this.#paths.get(group) ?? this.#preferred(group, signal);
    this.#paths.set(group, known);
    known.catch(() => this.#paths.delete(group));
    return known;
  }

  async #preferred(group: string, signal: AbortSignal): Promise<string> {
    const answer = await this.#ask('GET', `/apis/${encodeURIComponent(group)}`, { accept: 'application/json', signal });
    return `/apis/${encodeURIComponent(group)}/${encodeURIComponent(text(object(answer.preferredVersion).version))}`;
  }

  #ask(
    method: string,
    path: string,
    { accept, body, signal }: { accept: string; body?: string; signal: AbortSignal },
  ): Promise<Readonly<Record<string, unknown>>> {
    const { server, token } = this.#access;
    const headers = {
      accept,
      ...(token && { authorization: `Bearer ${token}` }),
      ...(body && { 'content-type': 'application/merge-patch+json', 'content-length': Buffer.byteLength(body) }),
    };
    const within = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    return new Promise((resolve, reject) => {
      const failed = (error: Error) =>
        reject(new KubernetesError(0, `the API server does not answer: ${error.message}`));
      const asked = request(`${server}${path}`, { method, headers, agent: this.#agent, signal: within }, (answer) => {
        const parts: Buffer[] = [];
        let size = 0;
        answer.on('data', (part: Buffer) => {
          size += part.length;
          parts.push(part);
          if (size > mostAnswerBytes) answer.destroy(new Error('the answer is too large'));
        });
        answer.on('error', failed);
        answer.on('end', () => {
          const json = parsed(Buffer.concat(parts));
          const status = answer.statusCode ?? 0;
          if (status >= 200 && status < 300 && json) return resolve(json);
          const why = text(json?.message).slice(0, 500) || 'no message';
          reject(
            new KubernetesError(
              status,
              `the API server answers ${status}: ${why}`,
              text(object(json?.metadata).continue),
            ),
          );
        });
      });
      asked.on('error', failed);
      asked.end(body);
    });
  }
}

function objectIn(item: unknown): ObjectName {
  const { namespace, name, uid, resourceVersion } = object(object(item).metadata);
  return { namespace: text(namespace), name: text(name), uid: text(uid), resourceVersion: text(resourceVersion) };
}

function nameOf(resource: string): string {
  return resource.split('.', 1)[0] as string;
}

function parsed(bytes: Buffer): Readonly<Record<string, unknown>> | undefined {
  try {
    return object(JSON.parse(bytes.toString('utf8')));
  } catch {
    return undefined;
  }
}

function object(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

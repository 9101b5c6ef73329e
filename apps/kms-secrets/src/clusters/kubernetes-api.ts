import type { KubernetesAccess } from './kubeconfig.ts';
import { KubernetesConnection, object, text } from './kubernetes-connection.ts';

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

const pageSize = 200;
const metadataOnly = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';
const oneMetadata = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';

/** What a storage migration asks of an API server. The values of objects are never asked for. */
export class KubernetesApi implements Disposable {
  readonly #connection: KubernetesConnection;
  readonly #paths = new Map<string, Promise<string>>();

  constructor(access: KubernetesAccess) {
    this.#connection = new KubernetesConnection(access);
  }

  /** Names of a page of a resource ("secrets", "widgets.example.com") in all namespaces. */
  async list(resource: string, from: string, signal: AbortSignal): Promise<ObjectPage> {
    const query = new URLSearchParams({ limit: `${pageSize}`, ...(from && { continue: from }) });
    const path = `${await this.#group(resource, signal)}/${nameOf(resource)}?${query}`;
    const { items, metadata } = await this.#connection.ask('GET', path, { accept: metadataOnly, signal });
    const objects = (Array.isArray(items) ? items : []).map((item) => objectIn(item));
    return { objects, next: text(object(metadata).continue) };
  }

  /** Has the API server write the object again as it is; a 409 says that somebody else wrote it since. */
  async rewrite(resource: string, { namespace, name, uid, resourceVersion }: ObjectName, signal: AbortSignal) {
    const within = namespace && `/namespaces/${encodeURIComponent(namespace)}`;
    const query = 'fieldManager=gabion-storage-migration';
    const path = `${await this.#group(resource, signal)}${within}/${nameOf(resource)}/${encodeURIComponent(name)}?${query}`;
    const body = JSON.stringify({ metadata: { uid, resourceVersion } });
    const contentType = 'application/merge-patch+json';
    await this.#connection.ask('PATCH', path, { accept: oneMetadata, contentType, body, signal });
  }

  [Symbol.dispose](): void {
    this.#connection[Symbol.dispose]();
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
    const answer = await this.#connection.ask('GET', `/apis/${encodeURIComponent(group)}`, { signal });
    return `/apis/${encodeURIComponent(group)}/${encodeURIComponent(text(object(answer.preferredVersion).version))}`;
  }
}

function objectIn(item: unknown): ObjectName {
  const { namespace, name, uid, resourceVersion } = object(object(item).metadata);
  return { namespace: text(namespace), name: text(name), uid: text(uid), resourceVersion: text(resourceVersion) };
}

function nameOf(resource: string): string {
  return resource.split('.', 1)[0] as string;
}

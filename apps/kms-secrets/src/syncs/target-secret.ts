import type { KubernetesAccess } from '../clusters/kubeconfig.ts';
import {
  type JsonObject,
  KubernetesConnection,
  KubernetesError,
  object,
  text,
} from '../clusters/kubernetes-connection.ts';
import type { SecretData } from '../secrets/secret-values.ts';

/** Annotations of a Secret that Gabion keeps. */
const annotation = {
  sync: 'gabion.dev/secret-sync',
  version: 'gabion.dev/secret-version',
  path: 'gabion.dev/secret-path',
};
const label = { name: 'app.kubernetes.io/managed-by', value: 'gabion' };
const manager = 'fieldManager=gabion-secret-sync';

/** What a Secret of a cluster is to be. */
export interface WantedTarget {
  readonly syncId: string;
  readonly path: string;
  readonly version: number;
  readonly type: string;
  readonly data: SecretData;
}

/** A Secret as it is. */
export interface FoundTarget {
  /** The sync that keeps it; empty for a Secret that Gabion does not. */
  readonly syncId: string;
  readonly data: SecretData;
  readonly whole: JsonObject;
}

export interface TargetName {
  readonly namespace: string;
  readonly name: string;
}

/** One Secret of a cluster. */
export class TargetSecret implements Disposable {
  readonly #connection: KubernetesConnection;
  readonly #name: TargetName;
  readonly #signal: AbortSignal;

  constructor(access: KubernetesAccess, name: TargetName, signal: AbortSignal) {
    this.#connection = new KubernetesConnection(access);
    this.#name = name;
    this.#signal = signal;
  }

  async find(): Promise<FoundTarget | undefined> {
    const whole = await this.#connection.ask('GET', this.#path, { signal: this.#signal }).catch(unlessMissing);
    if (!whole) return undefined;
    const annotations = object(object(whole.metadata).annotations);
    const data = Object.entries(object(whole.data)).map(([key, value]) => [key, Buffer.from(text(value), 'base64')]);
    return { syncId: text(annotations[annotation.sync]), data: Object.fromEntries(data) as SecretData, whole };
  }

  async create(wanted: WantedTarget): Promise<void> {
    const { namespace, name } = this.#name;
    const metadata = { namespace, name, ...marks(wanted, {}) };
    const body = JSON.stringify({ apiVersion: 'v1', kind: 'Secret', metadata, ...contentOf(wanted) });
    await this.#connection.ask('POST', `${this.#folder}?${manager}`, { body, signal: this.#signal });
  }

  /** Writes what is wanted in place of `found`; a 409 says that somebody else wrote it since. */
  async replace({ whole }: FoundTarget, wanted: WantedTarget): Promise<void> {
    const before = object(whole.metadata);
    const metadata = { ...before, ...marks(wanted, before) };
    const body = JSON.stringify({ ...whole, metadata, ...contentOf(wanted), stringData: undefined });
    await this.#connection.ask('PUT', `${this.#path}?${manager}`, { body, signal: this.#signal });
  }

  /** Removes it as it was found, and no other that came in its place. */
  async remove({ whole }: FoundTarget): Promise<void> {
    const { uid, resourceVersion } = object(whole.metadata);
    const preconditions = { uid, resourceVersion };
    const body = JSON.stringify({ apiVersion: 'v1', kind: 'DeleteOptions', preconditions });
    await this.#connection.ask('DELETE', this.#path, { body, signal: this.#signal }).catch(unlessMissing);
  }

  [Symbol.dispose](): void {
    this.#connection[Symbol.dispose]();
  }

  get #folder(): string {
    return `/api/v1/namespaces/${encodeURIComponent(this.#name.namespace)}/secrets`;
  }

  get #path(): string {
    return `${this.#folder}/${encodeURIComponent(this.#name.name)}`;
  }
}

/** Keys of two Secrets whose values differ, or that only one of them has; sorted. */
export function differingKeys(left: SecretData, right: SecretData): string[] {
  const keys = new Set([...Object.keys(left), ...Object.keys(right)]);
  return [...keys].filter((key) => !isSame(left[key], right[key])).sort();
}

function isSame(left: Uint8Array | undefined, right: Uint8Array | undefined): boolean {
  return left !== undefined && right !== undefined && Buffer.compare(left, right) === 0;
}

/** Labels and annotations, with those of others left as they are. */
function marks({ syncId, path, version }: WantedTarget, { labels, annotations }: JsonObject) {
  return {
    labels: { ...object(labels), [label.name]: label.value },
    annotations: {
      ...object(annotations),
      [annotation.sync]: syncId,
      [annotation.version]: `${version}`,
      [annotation.path]: path,
    },
  };
}

function contentOf({ type, data }: WantedTarget) {
  const values = Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]);
  return { type, data: Object.fromEntries(values) as Record<string, string> };
}

function unlessMissing(error: unknown): undefined {
  if (error instanceof KubernetesError && error.status === 404) return undefined;
  throw error;
}

import { asText, JsonObject, parseJson } from './bounded-json.ts';
import { ConnectionLost } from './exchange.ts';
import { OciError } from './oci-error.ts';
import { parseReference } from './reference.ts';
import type { RegistryOptions } from './registry.ts';
import { type Missing, RegistryClient, unavailable } from './registry-client.ts';
import { gathered } from './verify.ts';

/** A part of a list; `next` asks for what follows, and is absent at the end. */
export interface Page {
  readonly names: readonly string[];
  readonly next?: string;
}

/** Names a page may bring; registries that do not page send all at once. */
const maxNames = 200_000;
const maxPageBytes = 32 * 1024 ** 2;
const pageSize = 1000;

/** What a registry holds: its repositories and their tags (distribution-spec, "Content Discovery"). */
export class Catalogue implements Disposable {
  readonly #registry: string;
  readonly #options: RegistryOptions;
  readonly #client: RegistryClient;

  /** `registry` is a host with an optional port, as in a reference. */
  constructor(registry: string, options: RegistryOptions = {}) {
    this.#registry = registry;
    this.#options = options;
    this.#client = new RegistryClient(registry, options, { scope: 'registry:catalog:*', name: registry });
  }

  [Symbol.dispose](): void {
    this.#client[Symbol.dispose]();
  }

  /** A page of repositories; `catalog_refused` where the registry offers no catalogue to these credentials. */
  async repositories(next?: string, signal?: AbortSignal): Promise<Page> {
    try {
      return await this.#page(this.#client, next ?? `/v2/_catalog?n=${pageSize}`, 'catalog_refused', signal);
    } catch (error) {
      const isRefusal =
        error instanceof OciError && ['unauthorized', 'forbidden', 'registry_refused'].includes(error.code);
      if (!isRefusal) throw error;
      throw new OciError('catalog_refused', `${this.#registry} shows its catalogue to others only: ${error.message}`, {
        cause: error,
      });
    }
  }

  /** A page of the tags of a repository. */
  async tags(repository: string, next?: string, signal?: AbortSignal): Promise<Page> {
    const name = `${this.#registry}/${repository}`;
    const { repository: checked } = parseReference(name);
    using client = new RegistryClient(this.#registry, this.#options, { scope: `repository:${checked}:pull`, name });
    return await this.#page(client, next ?? `/v2/${checked}/tags/list?n=${pageSize}`, 'repository_not_found', signal);
  }

  async #page(client: RegistryClient, path: string, missing: Missing, signal?: AbortSignal): Promise<Page> {
    const url = new URL(path, client.base);
    // What a page calls the next one stays with this registry, whoever it names.
    if (url.origin !== new URL(client.base).origin) throw new OciError('listing_invalid', 'a page leads elsewhere');
    const incoming = await client.get(url, { headers: { accept: 'application/json' }, missing, signal });
    const json = new JsonObject(parseJson(await read(incoming.body), 'the list'), 'list');
    const names = json.list(missing === 'catalog_refused' ? 'repositories' : 'tags', maxNames, asText);
    const following = nextIn(incoming.headers.link, url);
    return { names, ...(following !== undefined && following !== path && { next: following }) };
  }
}

async function read(body: AsyncIterable<Buffer>): Promise<Buffer> {
  try {
    return await gathered(body, maxPageBytes, 'listing_too_large');
  } catch (error) {
    throw error instanceof ConnectionLost ? unavailable(error) : error;
  }
}

/** Path and query of `Link: <…>; rel="next"` (RFC 8288); hosts in it are often those behind a proxy, and not used. */
function nextIn(header: string | string[] | undefined, base: URL): string | undefined {
  for (const link of [header ?? []]
    .flat()
    .join(',')
    .slice(0, 16_384)
    .split(/,(?=\s*<)/)) {
    const [, target] = /^\s*<([^>]*)>/.exec(link) ?? [];
    if (target === undefined || !/;\s*rel\s*=\s*"?next"?/i.test(link)) continue;
    if (!URL.canParse(target, base.href)) throw new OciError('listing_invalid', 'a page leads to no URL');
    const { pathname, search } = new URL(target, base.href);
    return `${pathname}${search}`;
  }
  return undefined;
}

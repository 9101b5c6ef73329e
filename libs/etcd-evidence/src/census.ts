import { storedValue } from './stored-value.ts';

/** How many values of a resource are stored in the same way. */
export interface Share {
  /** "secrets", "widgets.example.com". */
  readonly resource: string;
  readonly provider: string;
  readonly kmsKeyId: string;
  /** Of the key; 0 for a key_id that is not Gabion's. */
  readonly version: number;
  readonly values: number;
}

/** As many as one report takes; what is stored in yet another way counts as provider "unknown". */
const maxShares = 1000;
const maxResourceLength = 253;
const maxVersion = 2 ** 32 - 1;

/** What the keys of a resource, "secrets" or "widgets.example.com", begin with: groups without a dot are not named. */
export function prefixOf(resource: string, root = '/registry'): string {
  const [name = '', ...group] = resource.split('.');
  return `${root}/${group.length > 1 ? `${group.join('.')}/` : ''}${name}/`;
}

/** Counts values of etcd by how they are stored, one at a time, and so in memory that does not grow with them. */
export class Census {
  readonly #shares = new Map<string, Share>();

  /** `root` is the API server's `--etcd-prefix`. */
  constructor(private readonly root = '/registry') {}

  add(key: string, value: Uint8Array): void {
    const stored = storedValue(value);
    this.#count({ resource: this.#resourceOf(key), ...stored, version: versionIn(stored.kmsKeyId), values: 1 });
  }

  /** The shares, by resource, provider and key_id. */
  shares(): Share[] {
    return [...this.#shares].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, share]) => share);
  }

  #count(share: Share): void {
    const name = JSON.stringify([share.resource, share.provider, share.kmsKeyId]);
    const known = this.#shares.get(name);
    if (known) return void this.#shares.set(name, { ...known, values: known.values + 1 });
    // One place is kept for what is stored otherwise.
    if (this.#shares.size < maxShares - 1) return void this.#shares.set(name, share);
    const other = this.#shares.get('other') ?? {
      resource: '',
      provider: 'unknown',
      kmsKeyId: '',
      version: 0,
      values: 0,
    };
    this.#shares.set('other', { ...other, values: other.values + 1 });
  }

  /** The resource whose keys begin as `prefixOf` says. */
  #resourceOf(key: string): string {
    if (!key.startsWith(`${this.root}/`)) return '';
    const [first = '', second = ''] = key.slice(this.root.length + 1).split('/', 2);
    const resource = first.includes('.') ? `${second}.${first}` : first;
    return resource.length <= maxResourceLength ? resource : '';
  }
}

/** The version in `gabion:<cluster>:<number>:<key id>:<version>`. */
function versionIn(kmsKeyId: string): number {
  const parts = kmsKeyId.split(':', 6);
  const version = parts.length === 5 && parts[0] === 'gabion' ? parts[4]! : '';
  const isVersion = /^[1-9][0-9]{0,9}$/.test(version) && Number(version) <= maxVersion;
  return isVersion ? Number(version) : 0;
}

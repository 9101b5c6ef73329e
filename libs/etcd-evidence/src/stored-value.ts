import { keyIdIn } from './encrypted-object.ts';

/** How one value is stored. */
export interface StoredValue {
  /** "kms-v2", "kms-v1", "aescbc", "aesgcm", "secretbox", "identity" (in the clear), "unknown". */
  readonly provider: string;
  /** Empty but for a readable value of KMS v2. */
  readonly kmsKeyId: string;
}

const mark = 'k8s:enc:';
/** Longer than any prefix: the name of a provider is part of it. */
const maxPrefixBytes = 512;

const providers: ReadonlyMap<string, string> = new Map([
  ['kms:v2', 'kms-v2'],
  ['kms:v1', 'kms-v1'],
  ['aescbc:v1', 'aescbc'],
  ['aesgcm:v1', 'aesgcm'],
  ['secretbox:v1', 'secretbox'],
]);

/** How a value of etcd is stored, by its prefix (`k8s:enc:<provider>:<version>:<name>:`); never throws. */
export function storedValue(value: Uint8Array): StoredValue {
  const head = Buffer.from(value.subarray(0, maxPrefixBytes)).toString('latin1');
  if (!head.startsWith(mark)) return { provider: 'identity', kmsKeyId: '' };
  const [kind, version, name] = head.slice(mark.length).split(':', 4);
  const provider = providers.get(`${kind}:${version}`) ?? 'unknown';
  if (provider !== 'kms-v2') return { provider, kmsKeyId: '' };
  const prefix = `${mark}${kind}:${version}:${name}:`;
  if (!head.startsWith(prefix)) return { provider, kmsKeyId: '' };
  return { provider, kmsKeyId: keyIdIn(value.subarray(prefix.length)) ?? '' };
}

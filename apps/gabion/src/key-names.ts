import type { KeyType } from '@gabion/contracts/gabion/kms/v1/keys_pb';
import type { MacAlgorithm, SignatureAlgorithm } from '@gabion/contracts/gabion/kms/v1/operations_pb';

// Written out, because `gabion --help` shows them and loading the contract takes longer than all the rest of it.

/** A name of the contract as a person writes it: "aes-256-gcm" for AES_256_GCM. */
type Written<S extends string> = S extends `${infer A}_${infer B}` ? `${Lowercase<A>}-${Written<B>}` : Lowercase<S>;
type Names<E> = readonly Written<Exclude<keyof E & string, 'UNSPECIFIED'>>[];

export const keyTypeNames = [
  'aes-256-gcm',
  'aes-256-gcm-siv',
  'chacha20-poly1305',
  'xchacha20-poly1305',
  'rsa-2048',
  'rsa-3072',
  'rsa-4096',
  'ecdsa-p256',
  'ecdsa-p384',
  'ecdsa-p521',
  'ed25519',
  'x25519',
  'hmac',
  'ml-kem-768',
  'ml-kem-1024',
  'ml-dsa-44',
  'ml-dsa-65',
  'ml-dsa-87',
] as const satisfies Names<typeof KeyType>;

export const signatureAlgorithmNames = [
  'ecdsa-sha256',
  'ecdsa-sha384',
  'ecdsa-sha512',
  'rsa-pss-sha256',
  'rsa-pss-sha384',
  'rsa-pss-sha512',
  'rsa-pkcs1-sha256',
  'rsa-pkcs1-sha384',
  'rsa-pkcs1-sha512',
] as const satisfies Names<typeof SignatureAlgorithm>;

export const macAlgorithmNames = ['hmac-sha256', 'hmac-sha384', 'hmac-sha512'] as const satisfies Names<
  typeof MacAlgorithm
>;

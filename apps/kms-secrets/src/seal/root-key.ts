import { randomBytes } from 'node:crypto';
import { open, seal } from '@gabion/keys/aead';

/** Bytes of a root key, a seal's key and a key-encryption key. */
export const keyBytes = 32;

/** What an open replica holds: with these the rest of the hierarchy opens. */
export interface OpenRoot {
  readonly root: Buffer;
  readonly rootVersion: number;
  readonly sealKey: Buffer;
  readonly generation: number;
}

/** Where a wrapped key belongs: one of another place does not open. */
export interface SealPlace {
  readonly installation: string;
  readonly generation: number;
  readonly rootVersion: number;
}

/** Each of root key and seal's key, closed with the other. */
export interface WrappedRoot {
  readonly wrapped_root: Buffer;
  readonly wrapped_seal_key: Buffer;
}

export function freshKey(): Buffer {
  return randomBytes(keyBytes);
}

/** Closes root key and seal's key for their place. */
export function wrapRoot(root: Uint8Array, sealKey: Uint8Array, place: SealPlace): WrappedRoot {
  return {
    wrapped_root: seal(sealKey, useOf(place), root, contextOf('root key', place)),
    wrapped_seal_key: seal(root, useOf(place), sealKey, contextOf('seal key', place)),
  };
}

/** The root key; throws `ciphertext_refused` when the seal's key is another. */
export function unwrapRoot(sealKey: Uint8Array, wrapped: Uint8Array, place: SealPlace): Buffer {
  return Buffer.from(open(sealKey, useOf(place), wrapped, contextOf('root key', place)));
}

/** The seal's key; throws `ciphertext_refused` when the root key is another. */
export function unwrapSealKey(root: Uint8Array, wrapped: Uint8Array, place: SealPlace): Buffer {
  return Buffer.from(open(root, useOf(place), wrapped, contextOf('seal key', place)));
}

function useOf({ installation, generation }: SealPlace) {
  return { algorithm: 'aes-256-gcm', id: installation, version: generation } as const;
}

function contextOf(what: string, { rootVersion }: SealPlace): Map<string, string> {
  return new Map([
    ['wraps', what],
    ['root key version', `${rootVersion}`],
  ]);
}

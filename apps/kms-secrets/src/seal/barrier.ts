import type { Database, Tx } from '../db/schema.ts';

/** Whose key-encryption key closes something, and what for. */
export interface Space {
  readonly tenant: string;
  readonly purpose: 'keys' | 'secrets' | 'credentials' | 'clusters';
}

/** Binds a wrapped text to its place: a text of another row does not open. */
export type WrapContext = Readonly<Record<string, string>>;

/** What stands between the database and the plaintext of what is kept in it. */
export interface Barrier {
  readonly isOpen: boolean;
  /** Throws `sealed` (unavailable) unless the root key is here and the database tells of changes. */
  assertOpen(): void;
  /** Closes `plaintext` with the space's key-encryption key, which is made when there is none yet, in the caller's transaction. */
  wrap(tx: Tx, space: Space, plaintext: Uint8Array, context: WrapContext): Promise<Buffer>;
  /** Opens what `wrap` closed for this space and context; everything else is one error, `wrapped_refused`. */
  unwrap(db: Database | Tx, space: Space, wrapped: Uint8Array, context: WrapContext): Promise<Uint8Array>;
  /** Has `forget` run when the service is sealed: caches drop, and overwrite, what they hold. */
  onClose(forget: () => void): Disposable;
}

import type { DownloadOptions, Validator } from './download.ts';

/** A document of a feed that has changed, and where its bytes are. */
export interface FetchedDocument {
  /** Its name within the feed; what is held of it is replaced. */
  readonly name: string;
  readonly path: string;
  readonly validator: string;
}

/** What fetching a feed came to. */
export type Fetched =
  | { readonly kind: 'unchanged'; readonly bytes: number }
  | { readonly kind: 'whole'; readonly path: string; readonly validators: Validators; readonly bytes: number }
  | {
      readonly kind: 'documents';
      readonly changed: readonly FetchedDocument[];
      /** Names of documents that the feed lists no more. */
      readonly removed: readonly string[];
      readonly bytes: number;
      /** More have changed than one attempt takes. */
      readonly isPartial: boolean;
    };

/** What was seen at an address when it was fetched last. */
export type Validators = Readonly<Record<string, Validator>>;

/** How a feed is fetched. */
export interface Fetching extends Omit<DownloadOptions, 'known'> {
  /** Of the addresses, as of the last good fetch; empty to fetch whatever is there. */
  readonly validators: Validators;
  /** Documents that are held, by name, with their validators. */
  readonly documents: ReadonlyMap<string, string>;
  /** Where files are put; what an earlier attempt left there is used. */
  readonly directory: string;
  /** Refuses addresses; undefined allows all. */
  readonly registry: RegistryAccess;
  /** `file:` addresses must be below it; any where it is undefined. */
  readonly fileRoot: string | undefined;
}

/** How a registry is spoken to for `oci:` addresses. */
export interface RegistryAccess {
  readonly allowsAddress: (address: string) => boolean;
  readonly proxyEnv: Readonly<Record<string, string>>;
  readonly dockerConfigFile: string | undefined;
}

/** What can go wrong between a reference and the bytes of a layer; the list is closed, the README says what each means. */
export type OciErrorCode =
  | 'reference_invalid'
  | 'reference_ambiguous'
  | 'image_not_found'
  | 'repository_not_found'
  | 'catalog_refused'
  | 'listing_invalid'
  | 'listing_too_large'
  | 'unauthorized'
  | 'forbidden'
  | 'rate_limited'
  | 'registry_unavailable'
  | 'registry_refused'
  | 'plain_http_refused'
  | 'address_refused'
  | 'name_unresolved'
  | 'certificate_refused'
  | 'credentials_invalid'
  | 'manifest_invalid'
  | 'manifest_too_large'
  | 'media_type_unknown'
  | 'schema1_unsupported'
  | 'platform_not_found'
  | 'blob_digest_mismatch'
  | 'blob_size_mismatch'
  | 'blob_truncated'
  | 'blob_not_found'
  | 'diff_id_mismatch'
  | 'layer_corrupt'
  | 'layer_too_large'
  | 'compression_ratio_exceeded'
  | 'compression_unsupported'
  | 'archive_invalid'
  | 'archive_too_large'
  | 'path_escapes';

/** A failure of this engine; `code` is stable, the message is for people and holds no secret. */
export class OciError extends Error {
  override readonly name = 'OciError';
  readonly code: OciErrorCode;
  /** When the registry said that a later try may succeed. */
  readonly retryAfterMs: number | undefined;

  constructor(code: OciErrorCode, message: string, options: ErrorOptions & { retryAfterMs?: number | undefined } = {}) {
    super(message, options);
    this.code = code;
    this.retryAfterMs = options.retryAfterMs;
  }
}

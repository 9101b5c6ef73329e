/** Stable codes of PurlError. */
export type PurlErrorCode =
  | 'purl_too_long'
  | 'purl_malformed'
  | 'purl_type_invalid'
  | 'purl_namespace_missing'
  | 'purl_namespace_prohibited'
  | 'purl_name_missing'
  | 'purl_name_invalid'
  | 'purl_version_invalid'
  | 'purl_qualifier_invalid'
  | 'purl_qualifier_missing';

/** Why a text or its parts are no package URL. */
export class PurlError extends Error {
  override readonly name = 'PurlError';
  readonly code: PurlErrorCode;

  constructor(code: PurlErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

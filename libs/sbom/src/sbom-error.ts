/** Stable codes of SbomError. */
export type SbomErrorCode =
  | 'sbom_malformed'
  | 'sbom_format_unknown'
  | 'sbom_version_unsupported'
  | 'sbom_too_large'
  | 'sbom_too_deep';

/** Why a text could not be read as an SBOM. */
export class SbomError extends Error {
  override readonly name = 'SbomError';
  readonly code: SbomErrorCode;

  constructor(code: SbomErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** Stable codes of LicenceError. */
export type LicenceErrorCode =
  | 'expression_malformed'
  | 'expression_too_long'
  | 'expression_too_deep'
  | 'licence_unknown'
  | 'exception_unknown';

/** Why a text is no SPDX licence expression. */
export class LicenceError extends Error {
  override readonly name = 'LicenceError';
  readonly code: LicenceErrorCode;

  constructor(code: LicenceErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

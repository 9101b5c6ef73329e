/** Stable codes of VexError. */
export type VexErrorCode =
  | 'vex_malformed'
  | 'vex_format_unknown'
  | 'vex_version_unsupported'
  | 'vex_too_large'
  | 'vex_too_deep';

/** Why a text could not be read as a VEX document. */
export class VexError extends Error {
  override readonly name = 'VexError';
  readonly code: VexErrorCode;

  constructor(code: VexErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** Stable codes of RangeError. */
export type RangeErrorCode = 'range_malformed' | 'range_too_long' | 'range_dialect_unknown';

/** Why a text is no range expression of its dialect. */
export class RangeError extends Error {
  override readonly name = 'RangeError';
  readonly code: RangeErrorCode;

  constructor(code: RangeErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

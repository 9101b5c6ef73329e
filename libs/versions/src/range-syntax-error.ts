/** Stable codes of RangeSyntaxError. */
export type RangeSyntaxErrorCode = 'range_malformed' | 'range_too_long';

/** Why a text is no range expression of its dialect. */
export class RangeSyntaxError extends Error {
  override readonly name = 'RangeSyntaxError';
  readonly code: RangeSyntaxErrorCode;

  constructor(code: RangeSyntaxErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** Stable codes of ShamirError. */
export type ShamirErrorCode =
  | 'shares_invalid'
  | 'secret_empty'
  | 'share_malformed'
  | 'share_repeated'
  | 'shares_too_few';

/** Why shares could not be made or joined. The message holds nothing of a share. */
export class ShamirError extends Error {
  override readonly name = 'ShamirError';
  readonly code: ShamirErrorCode;

  constructor(code: ShamirErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** Stable codes of KeyError. */
export type KeyErrorCode =
  | 'ciphertext_refused'
  | 'ciphertext_format_unknown'
  | 'ciphertext_truncated'
  | 'algorithm_unknown'
  | 'key_malformed'
  | 'key_version_invalid'
  | 'context_too_large'
  | 'context_malformed'
  | 'plaintext_too_large'
  | 'derivation_invalid'
  | 'digest_length_wrong'
  | 'digest_not_signable'
  | 'subject_malformed';

/** Why a key could not be used. The message never holds material, plaintext or what an underlying library said. */
export class KeyError extends Error {
  override readonly name = 'KeyError';
  readonly code: KeyErrorCode;

  constructor(code: KeyErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

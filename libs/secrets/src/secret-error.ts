export type SecretErrorCode = 'rule_unsafe' | 'rule_invalid';

/** A rule that cannot be used. */
export class SecretError extends Error {
  override readonly name = 'SecretError';
  readonly code: SecretErrorCode;

  constructor(code: SecretErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

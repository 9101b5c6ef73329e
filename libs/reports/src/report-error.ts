/** Why a report could not be made. */
export class ReportError extends Error {
  override readonly name = 'ReportError';
  readonly code: 'format_unknown' | 'format_version_unsupported';

  constructor(code: ReportError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

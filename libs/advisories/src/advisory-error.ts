/** Stable codes of AdvisoryError. */
export type AdvisoryErrorCode =
  | 'archive_malformed'
  | 'archive_too_large'
  | 'archive_too_many_entries'
  | 'entry_too_large'
  | 'path_not_found'
  | 'csv_malformed'
  | 'json_refused'
  | 'record_malformed'
  | 'xml_refused'
  | 'yaml_refused';

/** Why a feed cannot be read. */
export class AdvisoryError extends Error {
  override readonly name = 'AdvisoryError';
  readonly code: AdvisoryErrorCode;

  constructor(code: AdvisoryErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

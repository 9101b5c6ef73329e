/** Stable codes of CvssError. */
export type CvssErrorCode =
  | 'version_unknown'
  | 'vector_malformed'
  | 'metric_unknown'
  | 'metric_value_unknown'
  | 'metric_repeated'
  | 'metric_missing'
  | 'metric_out_of_order';

/** Why a text is no CVSS vector. */
export class CvssError extends Error {
  override readonly name = 'CvssError';
  readonly code: CvssErrorCode;

  constructor(code: CvssErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

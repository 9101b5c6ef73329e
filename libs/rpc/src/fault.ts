/** What went wrong, in the words of gRPC's status codes (google.rpc.Code). */
export type FaultKind =
  | 'cancelled'
  | 'unknown'
  | 'invalid_argument'
  | 'deadline_exceeded'
  | 'not_found'
  | 'already_exists'
  | 'permission_denied'
  | 'resource_exhausted'
  | 'failed_precondition'
  | 'aborted'
  | 'out_of_range'
  | 'unimplemented'
  | 'internal'
  | 'unavailable'
  | 'data_loss'
  | 'unauthenticated';

/** One field of a request that is not what it must be. */
export interface FieldFault {
  /** Path in the JSON form of the request, for example "layers[2].digest". */
  readonly field: string;
  readonly code: string;
  readonly message: string;
}

export interface FaultOptions {
  /** Stable name of this very error in snake_case; the kind unless told. */
  readonly code?: string;
  readonly fields?: readonly FieldFault[];
  /** When asking again may help. */
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

/** The one error that crosses the border of a service, by gRPC and HTTP alike; its message is for the caller to read. */
export class Fault extends Error {
  override readonly name = 'Fault';
  readonly kind: FaultKind;
  readonly code: string;
  readonly fields: readonly FieldFault[];
  readonly retryAfterMs: number | undefined;

  constructor(kind: FaultKind, message: string, options: FaultOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.kind = kind;
    this.code = options.code ?? kind;
    this.fields = options.fields ?? [];
    this.retryAfterMs = options.retryAfterMs;
  }
}

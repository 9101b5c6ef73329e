import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { anyPack, anyUnpack, durationFromMs, durationMs } from '@bufbuild/protobuf/wkt';
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from '@gabion/contracts/google/rpc/error_details_pb';
import { StatusSchema } from '@gabion/contracts/google/rpc/status_pb';
import { Metadata, type ServiceError, type StatusObject, status } from '@grpc/grpc-js';
import { Fault, type FaultKind, type FieldFault } from './fault.ts';

/** The one table: each kind with its gRPC status (google.rpc.Code), its HTTP status, and a title for people. */
const table: Readonly<Record<FaultKind, { grpc: status; http: number; title: string }>> = {
  cancelled: { grpc: status.CANCELLED, http: 499, title: 'The request was cancelled' },
  unknown: { grpc: status.UNKNOWN, http: 500, title: 'Something went wrong' },
  invalid_argument: { grpc: status.INVALID_ARGUMENT, http: 400, title: 'The request is not valid' },
  deadline_exceeded: { grpc: status.DEADLINE_EXCEEDED, http: 504, title: 'The request took too long' },
  not_found: { grpc: status.NOT_FOUND, http: 404, title: 'There is no such thing' },
  already_exists: { grpc: status.ALREADY_EXISTS, http: 409, title: 'It exists already' },
  permission_denied: { grpc: status.PERMISSION_DENIED, http: 403, title: 'You may not do this' },
  resource_exhausted: { grpc: status.RESOURCE_EXHAUSTED, http: 429, title: 'Too much was asked for' },
  failed_precondition: { grpc: status.FAILED_PRECONDITION, http: 412, title: 'It cannot be done in the present state' },
  aborted: { grpc: status.ABORTED, http: 409, title: 'Another request was in the way' },
  out_of_range: { grpc: status.OUT_OF_RANGE, http: 400, title: 'The request is out of range' },
  unimplemented: { grpc: status.UNIMPLEMENTED, http: 501, title: 'This is not offered' },
  internal: { grpc: status.INTERNAL, http: 500, title: 'Gabion made a mistake' },
  unavailable: { grpc: status.UNAVAILABLE, http: 503, title: 'The service cannot be reached now' },
  data_loss: { grpc: status.DATA_LOSS, http: 500, title: 'Data is lost or damaged' },
  unauthenticated: { grpc: status.UNAUTHENTICATED, http: 401, title: 'You are not known' },
};

const kindByStatus = new Map(Object.entries(table).map(([kind, { grpc }]) => [grpc, kind as FaultKind]));

export function grpcStatusOf(kind: FaultKind): status {
  return table[kind].grpc;
}

export function httpStatusOf(kind: FaultKind): number {
  return table[kind].http;
}

/**
 * Any error as a fault. A library below this one takes part by shape: an error with a `kind` of the table and a
 * `code`. Anything else is a mistake of ours, whose text is not for the caller.
 */
export function faultOf(error: unknown): Fault {
  if (error instanceof Fault) return error;
  if (isFaultShaped(error)) return new Fault(error.kind, error.message, { code: error.code, cause: error });
  return new Fault('internal', 'an unexpected error happened; the log tells more under this request id', {
    cause: error,
  });
}

function isFaultShaped(error: unknown): error is Error & { kind: FaultKind; code: string } {
  if (!(error instanceof Error)) return false;
  const { kind, code } = error as Partial<{ kind: unknown; code: unknown }>;
  return typeof kind === 'string' && Object.hasOwn(table, kind) && typeof code === 'string';
}

const domain = 'gabion';
const detailsKey = 'grpc-status-details-bin';

/** A fault as a gRPC status with google.rpc error details: ErrorInfo always, BadRequest and RetryInfo where they say something. */
export function toStatus(fault: Fault): Pick<StatusObject, 'code' | 'details' | 'metadata'> {
  const details = [anyPack(ErrorInfoSchema, create(ErrorInfoSchema, { reason: fault.code, domain }))];
  if (fault.fields.length > 0) {
    const fieldViolations = fault.fields.map(({ field, code, message }) => ({
      field,
      reason: code,
      description: message,
    }));
    details.push(anyPack(BadRequestSchema, create(BadRequestSchema, { fieldViolations })));
  }
  if (fault.retryAfterMs !== undefined)
    details.push(anyPack(RetryInfoSchema, create(RetryInfoSchema, { retryDelay: durationFromMs(fault.retryAfterMs) })));
  const code = grpcStatusOf(fault.kind);
  const metadata = new Metadata();
  metadata.set(
    detailsKey,
    Buffer.from(toBinary(StatusSchema, create(StatusSchema, { code, message: fault.message, details }))),
  );
  return { code, details: fault.message, metadata };
}

/** The fault that a gRPC status of another service, or of the transport, stands for. */
export function fromServiceError(error: ServiceError): Fault {
  const kind = kindByStatus.get(error.code) ?? 'unknown';
  const [bytes] = error.metadata?.get(detailsKey) ?? [];
  const details = bytes instanceof Buffer ? readDetails(bytes) : {};
  return new Fault(kind, error.details || error.message, {
    code: transportCode(kind, error, details.code),
    ...details,
    cause: error,
  });
}

/** A status without our details comes from the transport itself: give its common cases names of their own. */
function transportCode(kind: FaultKind, error: ServiceError, code: string | undefined): string {
  if (code) return code;
  if (kind === 'resource_exhausted' && /larger than max/.test(error.details)) return 'message_too_large';
  return kind;
}

function readDetails(bytes: Buffer): { code?: string; fields?: FieldFault[]; retryAfterMs?: number } {
  const read: { code?: string; fields?: FieldFault[]; retryAfterMs?: number } = {};
  try {
    for (const any of fromBinary(StatusSchema, bytes).details) {
      const info = anyUnpack(any, ErrorInfoSchema);
      if (info?.domain === domain) read.code = info.reason;
      const bad = anyUnpack(any, BadRequestSchema);
      if (bad)
        read.fields = bad.fieldViolations.map(({ field, reason, description }) => ({
          field,
          code: reason,
          message: description,
        }));
      const retry = anyUnpack(any, RetryInfoSchema);
      if (retry?.retryDelay) read.retryAfterMs = durationMs(retry.retryDelay);
    }
  } catch {
    // Details that cannot be read are only details: the status itself stands.
  }
  return read;
}

/** The body of an HTTP error (RFC 9457), media type application/problem+json. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly requestId?: string;
  readonly errors?: readonly { readonly field: string; readonly code: string; readonly detail: string }[];
}

/** A fault as an RFC 9457 problem. */
export function toProblem(fault: Fault, requestId?: string): Problem {
  return {
    type: `urn:gabion:error:${fault.code}`,
    title: table[fault.kind].title,
    status: httpStatusOf(fault.kind),
    detail: fault.message,
    code: fault.code,
    ...(requestId && { requestId }),
    ...(fault.fields.length > 0 && {
      errors: fault.fields.map(({ field, code, message }) => ({ field, code, detail: message })),
    }),
  };
}

import { STATUS_CODES } from 'node:http';
import { Fault, type FaultKind, type FaultOptions } from '@gabion/rpc/fault';
import { faultOf, type Problem, toProblem } from '@gabion/rpc/faults';

/** A fault of HTTP itself, whose status gRPC has no word for. */
export class HttpFault extends Fault {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    kind: FaultKind,
    message: string,
    { headers = {}, ...options }: FaultOptions & { headers?: Readonly<Record<string, string>> },
  ) {
    super(kind, message, options);
    this.status = status;
    this.headers = headers;
  }
}

/** An error as it is answered over HTTP. */
export interface Answered {
  readonly fault: Fault;
  readonly problem: Problem;
  readonly headers: Readonly<Record<string, string>>;
}

/** Any error as an RFC 9457 problem, with the headers that its status asks for. */
export function answerTo(error: unknown, requestId: string): Answered {
  const fault = faultOf(named(error));
  const problem = toProblem(fault, requestId);
  const headers = {
    ...(fault.retryAfterMs !== undefined && {
      'retry-after': String(Math.max(1, Math.ceil(fault.retryAfterMs / 1000))),
    }),
    ...(fault.kind === 'unauthenticated' && { 'www-authenticate': challenge(fault.code) }),
    ...(fault instanceof HttpFault && fault.headers),
  };
  if (!(fault instanceof HttpFault)) return { fault, problem, headers };
  return {
    fault,
    headers,
    problem: { ...problem, status: fault.status, title: STATUS_CODES[fault.status] ?? problem.title },
  };
}

/** RFC 6750 §3: no error code for a request that showed no token at all. */
function challenge(code: string): string {
  return code === 'token_missing' ? 'Bearer realm="gabion"' : 'Bearer realm="gabion", error="invalid_token"';
}

/** Errors that Fastify raises before a handler runs, under names of our own. */
function named(error: unknown): unknown {
  switch ((error as { code?: unknown } | undefined)?.code) {
    case 'FST_ERR_BAD_URL':
    case 'FST_ERR_ASYNC_CONSTRAINT':
      return new Fault('invalid_argument', 'the URL is not valid', { code: 'url_malformed' });
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return new Fault('invalid_argument', 'Content-Length does not match the body', { code: 'http_malformed' });
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return contentTypeUnsupported();
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return bodyTooLarge();
    default:
      return error;
  }
}

export function contentTypeUnsupported(): HttpFault {
  return new HttpFault(415, 'invalid_argument', 'the body must be application/json in UTF-8, not compressed', {
    code: 'content_type_unsupported',
    headers: { accept: 'application/json' },
  });
}

export function bodyTooLarge(): HttpFault {
  return new HttpFault(413, 'resource_exhausted', 'the body is too large', {
    code: 'body_too_large',
    headers: { connection: 'close' },
  });
}

export function requestTimeout(): HttpFault {
  return new HttpFault(408, 'deadline_exceeded', 'the request did not come in whole in time', {
    code: 'request_timeout',
    headers: { connection: 'close' },
  });
}

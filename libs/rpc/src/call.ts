import type { DescMethod } from '@bufbuild/protobuf';
import type { Caller } from '@gabion/trust/caller';

/** What a controller knows of the call it serves. */
export interface Call {
  readonly method: DescMethod;
  /** For whom the call is made; its permission has been checked. Kind UNSPECIFIED for an anonymous call. */
  readonly caller: Caller;
  /** The service at the other end of the connection; undefined on a bootstrap listener. */
  readonly peer: string | undefined;
  readonly requestId: string;
  /** Given by the caller so that a repeat of the request has no second effect. */
  readonly idempotencyKey: string | undefined;
  readonly deadline: Date | undefined;
  /** Aborts when the caller goes away or the deadline passes. */
  readonly signal: AbortSignal;
}

/** Metadata keys in which a call's context travels. Callers' own key is in `@gabion/trust/caller`. */
export const keys = {
  requestId: 'x-request-id',
  idempotencyKey: 'idempotency-key',
  traceparent: 'traceparent',
  /** The calling service's name where no certificate tells it: on unix sockets, which only this user can open. */
  service: 'gabion-service',
} as const;

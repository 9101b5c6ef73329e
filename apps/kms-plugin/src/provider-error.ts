import { status } from '@grpc/grpc-js';

/** Why an API server gets no answer, as a gRPC status: an unhealthy `healthz` alone would not stop its writes. */
export class ProviderError extends Error {
  override readonly name = 'ProviderError';

  constructor(
    /** Stable name of the error in snake_case. */
    readonly code: string,
    message: string,
    readonly grpcStatus: status = status.FAILED_PRECONDITION,
  ) {
    super(message);
  }

  /** As @grpc/grpc-js takes it. */
  get answer(): { code: status; details: string } {
    return { code: this.grpcStatus, details: `${this.message} [${this.code}]` };
  }
}

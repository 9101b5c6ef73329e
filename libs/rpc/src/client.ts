import { setTimeout as sleep } from 'node:timers/promises';
import {
  type DescMethod,
  type DescMethodBiDiStreaming,
  type DescMethodClientStreaming,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  type DescService,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
} from '@bufbuild/protobuf';
import { MethodOptions_IdempotencyLevel as Idempotency } from '@bufbuild/protobuf/wkt';
import { span, spanKinds, traceparent } from '@gabion/telemetry/tracing';
import { type Caller, callerKey, encodeCaller } from '@gabion/trust/caller';
import {
  type ChannelCredentials,
  type ClientDuplexStream,
  Client as GrpcClient,
  Metadata,
  type CallOptions as WireOptions,
} from '@grpc/grpc-js';
import { keys } from './call.ts';
import { methodDefinition, writeMessage } from './definition.ts';
import { Fault } from './fault.ts';
import { fromServiceError } from './faults.ts';
import { pathOf } from './method-path.ts';

/** What one call may say beside its message. */
export interface CallOptions {
  /** For whom the call is made; the service itself when absent. */
  readonly caller?: Caller;
  readonly requestId?: string;
  readonly idempotencyKey?: string;
  readonly signal?: AbortSignal;
  /** How long to wait; 10 s for a single answer and no limit for streams unless told. */
  readonly deadlineMs?: number;
  /** Bearer token, for clients outside of the platform. */
  readonly token?: string;
}

/** A typed client: one method per RPC, named as in the contract in camel case. */
export type Client<S extends DescService> = { [K in keyof S['method']]: ClientMethod<S['method'][K]> };

type ClientMethod<M> =
  M extends DescMethodUnary<infer I, infer O>
    ? (request: MessageInitShape<I>, options?: CallOptions) => Promise<MessageShape<O>>
    : M extends DescMethodServerStreaming<infer I, infer O>
      ? (request: MessageInitShape<I>, options?: CallOptions) => AsyncIterable<MessageShape<O>>
      : M extends DescMethodClientStreaming<infer I, infer O>
        ? (requests: AsyncIterable<MessageInitShape<I>>, options?: CallOptions) => Promise<MessageShape<O>>
        : M extends DescMethodBiDiStreaming<infer I, infer O>
          ? (requests: AsyncIterable<MessageInitShape<I>>, options?: CallOptions) => AsyncIterable<MessageShape<O>>
          : never;

export interface ConnectOptions {
  /** "unix:/path" or "host:port". */
  readonly address: string;
  /** Name of the calling service. */
  readonly as: string;
  readonly credentials: ChannelCredentials;
}

/** One connection to one service; made when first used, and again after a loss. */
export class Connection implements Disposable {
  readonly #client: GrpcClient;
  readonly #as: string;

  constructor({ address, as, credentials }: ConnectOptions) {
    this.#as = as;
    this.#client = new GrpcClient(address, credentials, {
      'grpc.max_receive_message_length': 16 * 1024 * 1024,
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 2000,
      'grpc.keepalive_time_ms': 30_000,
      'grpc.keepalive_timeout_ms': 10_000,
    });
  }

  /** The typed client of a service at the other end. */
  client<S extends DescService>(service: S): Client<S> {
    const methods = service.methods.map((method) => [method.localName, this.#typed(method)]);
    return Object.fromEntries(methods) as Client<S>;
  }

  /** Calls a method with the bytes of its message and answers those of the response; retries as `retriesOf` allows. */
  unary(method: DescMethod, request: Buffer, options: CallOptions = {}): Promise<Buffer> {
    const deadline = Date.now() + (options.deadlineMs ?? 10_000);
    return span(pathOf(method).slice(1), { kind: spanKinds.client }, () =>
      this.#repeated(method, request, options, deadline),
    );
  }

  /** Calls a streaming method of any kind; reads requests no faster than the service takes them. */
  stream(method: DescMethod, requests: AsyncIterable<Buffer>, options: CallOptions = {}): AsyncIterable<Buffer> {
    const { path } = methodDefinition(method);
    const deadline = options.deadlineMs === undefined ? undefined : Date.now() + options.deadlineMs;
    const call = this.#client.makeBidiStreamRequest(path, asIs, asIs, this.#metadata(options), wire(deadline));
    return answers(call, requests, options.signal);
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }

  #typed(method: DescMethod): (input: never, options?: CallOptions) => unknown {
    const write = (message: unknown) => writeMessage(method.input, message as never);
    const read = (bytes: Buffer) => fromBinary(method.output, bytes);
    switch (method.methodKind) {
      case 'unary':
        return async (input, options) => read(await this.unary(method, write(input), options));
      case 'server_streaming':
        return (input, options) => mapped(this.stream(method, one(write(input)), options), read);
      case 'client_streaming':
        return async (input, options) => read(await only(this.stream(method, mapped(input, write), options)));
      case 'bidi_streaming':
        return (input, options) => mapped(this.stream(method, mapped(input, write), options), read);
      default: {
        const never: never = method.methodKind;
        throw new Error(`unknown kind of method ${never}`);
      }
    }
  }

  async #repeated(method: DescMethod, request: Buffer, options: CallOptions, deadline: number): Promise<Buffer> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#once(method, request, options, deadline);
      } catch (error) {
        if (!isWorthRepeating(error, method, options, attempt, deadline)) throw error;
        await sleep(backoffMs(attempt), undefined, options.signal && { signal: options.signal });
      }
    }
  }

  #once(method: DescMethod, request: Buffer, options: CallOptions, deadline: number): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const call = withoutStack(() =>
        this.#client.makeUnaryRequest(
          pathOf(method),
          asIs,
          asIs,
          request,
          this.#metadata(options),
          wire(deadline),
          (error, response) => {
            options.signal?.removeEventListener('abort', cancel);
            if (error) reject(fromServiceError(error));
            else resolve(response as Buffer);
          },
        ),
      );
      const cancel = () => call.cancel();
      if (options.signal?.aborted) cancel();
      options.signal?.addEventListener('abort', cancel, { once: true });
    });
  }

  #metadata({ caller, requestId, idempotencyKey, token }: CallOptions): Metadata {
    const metadata = new Metadata();
    metadata.set(keys.service, this.#as);
    if (caller) metadata.set(callerKey, encodeCaller(caller));
    if (requestId) metadata.set(keys.requestId, requestId);
    if (idempotencyKey) metadata.set(keys.idempotencyKey, idempotencyKey);
    if (token) metadata.set('authorization', `Bearer ${token}`);
    const parent = traceparent();
    if (parent) metadata.set(keys.traceparent, parent);
    return metadata;
  }
}

/** Opens a connection; nothing is sent before the first call. */
export function connect(options: ConnectOptions): Connection {
  return new Connection(options);
}

const asIs = (bytes: Buffer): Buffer => bytes;
const maxAttempts = 4;

function wire(deadline: number | undefined): WireOptions {
  return deadline === undefined ? {} : { deadline };
}

/**
 * @grpc/grpc-js takes a stack trace for every call, in case it fails: a twentieth of a call's cost, for frames which
 * are the same for every method.
 */
function withoutStack<T>(call: () => T): T {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return call();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** A call is repeated after a loss of connection when a repeat has no second effect: by contract or by its key. */
function isWorthRepeating(
  error: unknown,
  method: DescMethod,
  options: CallOptions,
  attempt: number,
  deadline: number,
): boolean {
  const isRepeatable = method.idempotency !== Idempotency.IDEMPOTENCY_UNKNOWN || options.idempotencyKey !== undefined;
  const isTransient = error instanceof Fault && error.kind === 'unavailable';
  return (
    isRepeatable &&
    isTransient &&
    attempt < maxAttempts &&
    !options.signal?.aborted &&
    Date.now() + backoffMs(attempt) < deadline
  );
}

/** Full jitter over an exponentially growing window, so that clients of a service that restarts do not march in step. */
function backoffMs(attempt: number): number {
  return 20 + Math.random() * 100 * 2 ** attempt;
}

async function* answers(
  call: ClientDuplexStream<Buffer, Buffer>,
  requests: AsyncIterable<Buffer>,
  signal?: AbortSignal,
): AsyncIterable<Buffer> {
  const cancel = () => call.cancel();
  signal?.addEventListener('abort', cancel, { once: true });
  if (signal?.aborted) cancel();
  const source = requests[Symbol.asyncIterator]();
  void send(call, source);
  try {
    yield* call as AsyncIterable<Buffer>;
  } catch (error) {
    throw isServiceError(error) ? fromServiceError(error) : error;
  } finally {
    signal?.removeEventListener('abort', cancel);
    call.cancel();
    // Not waited for: a service may end the call while the source still waits for its next request.
    source.return?.().catch(() => {});
  }
}

/** Sends until the source or the call ends; an error of the source destroys the call, whose reader then meets it. */
async function send(call: ClientDuplexStream<Buffer, Buffer>, source: AsyncIterator<Buffer>): Promise<void> {
  try {
    for (let next = await source.next(); !next.done; next = await source.next()) {
      if (call.destroyed || call.writableEnded) return;
      if (!call.write(next.value)) await roomIn(call);
    }
    call.end();
  } catch (error) {
    call.destroy(error as Error);
  }
}

function roomIn(call: ClientDuplexStream<Buffer, Buffer>): Promise<void> {
  return new Promise((resolve) => {
    const go = () => {
      for (const event of ['drain', 'close', 'error', 'end']) call.off(event, go);
      resolve();
    };
    for (const event of ['drain', 'close', 'error', 'end']) call.once(event, go);
  });
}

function isServiceError(error: unknown): error is Parameters<typeof fromServiceError>[0] {
  return error instanceof Error && typeof (error as { code?: unknown }).code === 'number' && 'metadata' in error;
}

async function* one(bytes: Buffer): AsyncIterable<Buffer> {
  yield bytes;
}

async function* mapped<A, B>(items: AsyncIterable<A>, turn: (item: A) => B): AsyncIterable<B> {
  for await (const item of items) yield turn(item);
}

async function only(answers: AsyncIterable<Buffer>): Promise<Buffer> {
  let found: Buffer | undefined;
  for await (const answer of answers) found ??= answer;
  if (!found) throw new Fault('internal', 'the service answered nothing', { code: 'answer_missing' });
  return found;
}

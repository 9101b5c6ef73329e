import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import type { EventEmitter } from 'node:events';
import type { Readable } from 'node:stream';
import type { DescMethod, DescService, Message } from '@bufbuild/protobuf';
import { accessOf } from '@gabion/contracts/access';
import type { Logger } from '@gabion/telemetry/log';
import { counter, histogram } from '@gabion/telemetry/metrics';
import { span, spanKinds, withTraceparent } from '@gabion/telemetry/tracing';
import {
  Server as GrpcServer,
  type handleBidiStreamingCall,
  type handleClientStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  type ServerCredentials,
  type ServerUnaryCall,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { type CustomTransportStrategy, type MessageHandler, Server } from '@nestjs/microservices';
import { isObservable, lastValueFrom } from 'rxjs';
import { type Admitted, type AllowedCallers, authorize, type Door, identify, text } from './admission.ts';
import { drained, type Sink } from './backpressure.ts';
import { type Call, keys } from './call.ts';
import { readMessage, serviceDefinition, writeMessage } from './definition.ts';
import { Fault } from './fault.ts';
import { faultOf, toStatus } from './faults.ts';
import { addHealth, type Health } from './health.ts';
import { pathOf } from './method-path.ts';
import { addReflection } from './reflection.ts';

/** One address at which a service listens, and what is known of those who come in there. */
export interface Listener {
  /** "unix:/path" or "host:port"; port 0 takes a free one. */
  readonly address: string;
  readonly credentials: ServerCredentials;
  readonly door: Door;
}

/** A call that was turned away, for the audit trail. */
export interface Refusal {
  readonly method: DescMethod;
  readonly admitted: Admitted | undefined;
  readonly requestId: string;
  readonly fault: Fault;
}

export interface ContractServerOptions {
  readonly services: readonly DescService[];
  readonly listeners: readonly Listener[];
  readonly callers: AllowedCallers;
  readonly log: Logger;
  readonly refused?: (refusal: Refusal) => void;
}

/** What all four kinds of call of @grpc/grpc-js have in common here. */
type Surface = Pick<ServerUnaryCall<Buffer, Buffer>, 'metadata' | 'getAuthContext' | 'getDeadline' | 'cancelled'> &
  Pick<EventEmitter, 'once' | 'off'>;
type Serve = (input: Message | AsyncIterable<Message>, call: Call) => Promise<unknown>;

/**
 * The NestJS transport that serves contracts over @grpc/grpc-js. Every call passes the same steps in the same order:
 * trace, peer, caller, access, message, controller, status; no controller can be reached around them.
 */
export class ContractServer extends Server implements CustomTransportStrategy {
  readonly #options: ContractServerOptions;
  readonly #servers: GrpcServer[] = [];
  readonly #health: Health[] = [];
  readonly addresses: string[] = [];

  constructor(options: ContractServerOptions) {
    super();
    this.#options = options;
  }

  async listen(listening: (error?: unknown) => void): Promise<void> {
    try {
      for (const listener of this.#options.listeners) await this.#open(listener);
      listening();
    } catch (error) {
      listening(error);
    }
  }

  /** Lets calls in flight end for at most `graceMs`, then ends them. */
  async close(graceMs = 2000): Promise<void> {
    for (const health of this.#health) health.stop();
    await Promise.all(
      this.#servers.map((server) => {
        const forced = setTimeout(() => server.forceShutdown(), graceMs);
        return new Promise<void>((closed) => server.tryShutdown(() => closed())).finally(() => clearTimeout(forced));
      }),
    );
  }

  on(): void {
    throw new Error('this transport has no events');
  }

  unwrap<T>(): T {
    return this.#servers as T;
  }

  async #open({ address, credentials, door }: Listener): Promise<void> {
    const server = new GrpcServer({
      'grpc.max_receive_message_length': 4 * 1024 * 1024,
      'grpc.max_metadata_size': 16 * 1024,
      'grpc.max_concurrent_streams': 1000,
      // Nobody asks for it here, and it costs each call.
      'grpc.enable_channelz': 0,
      // A connection proves itself anew each hour: a certificate is renewed at half of its life of a day.
      ...(door === 'local'
        ? {}
        : { 'grpc.max_connection_age_ms': 3_600_000, 'grpc.max_connection_age_grace_ms': 600_000 }),
      'grpc.keepalive_time_ms': 60_000,
      'grpc.keepalive_timeout_ms': 10_000,
    });
    for (const service of this.#options.services)
      server.addService(serviceDefinition(service), this.#implementation(service, door));
    this.#health.push(addHealth(server, this.#options.services));
    if (door !== 'bootstrap') addReflection(server, this.#options.services);
    const port = await bind(server, address, credentials);
    this.#servers.push(server);
    this.addresses.push(address.replace(/:0$/, `:${port}`));
  }

  #implementation(service: DescService, door: Door): UntypedServiceImplementation {
    return Object.fromEntries(service.methods.map((method) => [method.localName, this.#method(method, door)]));
  }

  #method(method: DescMethod, door: Door) {
    accessOf(method);
    const handler = this.getHandlerByPattern(pathOf(method));
    if (!handler) throw new Error(`no controller of this service implements ${pathOf(method)}`);
    const serve = within(handler);
    const unary: handleUnaryCall<Buffer, Buffer> = (surface, callback) =>
      this.#run(method, door, surface, async (call) => {
        callback(
          null,
          writeMessage(method.output, (await serve(readMessage(method.input, surface.request), call)) as never),
        );
      }).then((failed) => failed && callback(toStatus(failed)));
    const clientStreaming: handleClientStreamingCall<Buffer, Buffer> = (surface, callback) =>
      this.#run(method, door, surface, async (call) => {
        callback(null, writeMessage(method.output, (await serve(messages(method, surface), call)) as never));
      }).then((failed) => failed && callback(toStatus(failed)));
    const serverStreaming: handleServerStreamingCall<Buffer, Buffer> = (surface) =>
      this.#run(method, door, surface, async (call) => {
        await pour(method, await serve(readMessage(method.input, surface.request), call), surface, call.signal);
        surface.end();
      }).then((failed) => failed && surface.emit('error', toStatus(failed)));
    const bidi: handleBidiStreamingCall<Buffer, Buffer> = (surface) =>
      this.#run(method, door, surface, async (call) => {
        await pour(method, await serve(messages(method, surface), call), surface, call.signal);
        surface.end();
      }).then((failed) => failed && surface.emit('error', toStatus(failed)));
    return { unary, client_streaming: clientStreaming, server_streaming: serverStreaming, bidi_streaming: bidi }[
      method.methodKind
    ];
  }

  /** Takes one call through the steps before its controller; answers the fault it ended with, if any. */
  async #run(
    method: DescMethod,
    door: Door,
    surface: Surface,
    work: (call: Call) => Promise<void>,
  ): Promise<Fault | undefined> {
    const started = performance.now();
    const requestId = text(surface.metadata, keys.requestId)?.slice(0, 128) || randomUUID();
    const options = {
      kind: spanKinds.server,
      attributes: { 'rpc.system': 'grpc', 'rpc.service': method.parent.typeName, 'rpc.method': method.name },
    };
    let admitted: Admitted | undefined;
    let isIn = false;
    const fault = await withTraceparent(text(surface.metadata, keys.traceparent), () =>
      span(pathOf(method).slice(1), options, async (active) => {
        try {
          admitted = identify(surface, door, this.#options.callers);
          authorize(method, admitted);
          isIn = true;
          using going = watched(surface);
          await work(callOf(method, surface, { ...admitted, requestId, signal: going.signal }));
          return undefined;
        } catch (error) {
          const fault = faultOf(error);
          active.setAttribute('gabion.error_code', fault.code);
          this.#logFault(method, fault, error, requestId);
          return fault;
        }
      }),
    );
    if (fault && isRefusal(fault, isIn)) this.#options.refused?.({ method, admitted, requestId, fault });
    observe(method, fault?.kind ?? 'ok', started);
    return fault;
  }

  #logFault(method: DescMethod, fault: Fault, error: unknown, requestId: string): void {
    const facts = { method: pathOf(method), code: fault.code, requestId };
    if (fault.kind === 'internal' || fault.kind === 'unknown' || fault.kind === 'data_loss')
      this.#options.log.error({ ...facts, error }, 'call failed');
    else this.#options.log.debug({ ...facts, reason: fault.message }, 'call answered with a fault');
  }
}

/**
 * Past admission, `unauthenticated` is not about who calls but an answer about a credential that the caller was shown:
 * anybody can show the gateway wrong ones, as fast as they like, and each would become a record.
 */
function isRefusal(fault: Fault, isIn: boolean): boolean {
  return fault.kind === 'permission_denied' || (fault.kind === 'unauthenticated' && !isIn);
}

function observe(method: DescMethod, code: string, started: number): void {
  const labels = { grpc_service: method.parent.typeName, grpc_method: method.name };
  counter('grpc_server_handled_total', 'Calls that this process has answered.', [
    'grpc_service',
    'grpc_method',
    'grpc_code',
  ]).inc({
    ...labels,
    grpc_code: code,
  });
  histogram('grpc_server_handling_seconds', 'Time to answer a call.', ['grpc_service', 'grpc_method']).observe(
    labels,
    (performance.now() - started) / 1000,
  );
}

/** NestJS answers what the controller returned, or an Observable when an interceptor or the error filter wrapped it. */
function within(handler: MessageHandler): Serve {
  return async (input, call) => {
    const answer: unknown = await handler(input, call);
    return isObservable(answer) ? lastValueFrom(answer) : answer;
  };
}

/** Aborts when the caller goes away while the call is served; grpc-js tells the end of each call as one, too. */
function watched(surface: Surface): Disposable & { readonly signal: AbortSignal } {
  const aborting = new AbortController();
  const gone = () => aborting.abort(new Fault('cancelled', 'the caller went away or the deadline passed'));
  if (surface.cancelled) gone();
  else surface.once('cancelled', gone);
  return { signal: aborting.signal, [Symbol.dispose]: () => surface.off('cancelled', gone) };
}

function callOf(
  method: DescMethod,
  surface: Surface,
  admitted: Admitted & { readonly requestId: string; readonly signal: AbortSignal },
): Call {
  const deadline = surface.getDeadline();
  return {
    method,
    ...admitted,
    idempotencyKey: text(surface.metadata, keys.idempotencyKey),
    deadline: deadline === Number.POSITIVE_INFINITY ? undefined : new Date(deadline),
  };
}

/** A controller may stop reading early and still answer: the stream is not destroyed with the iteration. */
async function* messages(method: DescMethod, surface: Pick<Readable, 'iterator'>): AsyncIterable<Message> {
  for await (const bytes of surface.iterator({ destroyOnReturn: false })) yield readMessage(method.input, bytes);
}

/** Writes a stream of answers no faster than the caller reads them; ends quietly when the caller has gone. */
async function pour(method: DescMethod, answers: unknown, sink: Sink, signal: AbortSignal): Promise<void> {
  for await (const answer of answers as AsyncIterable<never>) {
    if (signal.aborted) return;
    if (!sink.write(writeMessage(method.output, answer))) await drained(sink, signal);
  }
}

function bind(server: GrpcServer, address: string, credentials: ServerCredentials): Promise<number> {
  return new Promise((resolve, reject) =>
    // Leaves the context of whoever starts the service: calls must not continue its trace.
    AsyncLocalStorage.snapshot()(() =>
      server.bindAsync(address, credentials, (error, port) => (error ? reject(error) : resolve(port))),
    ),
  );
}

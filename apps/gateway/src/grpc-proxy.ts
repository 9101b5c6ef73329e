import type { EventEmitter } from 'node:events';
import type { DescMethod, DescService } from '@bufbuild/protobuf';
import { accessOf } from '@gabion/contracts/access';
import { HealthCheckRequestSchema } from '@gabion/contracts/grpc/health/v1/health_pb';
import { ServerReflectionRequestSchema } from '@gabion/contracts/grpc/reflection/v1/reflection_pb';
import { text } from '@gabion/rpc/admission';
import { drained, type Sink } from '@gabion/rpc/backpressure';
import { keys } from '@gabion/rpc/call';
import type { CallOptions } from '@gabion/rpc/client';
import { serviceDefinition } from '@gabion/rpc/definition';
import { Fault } from '@gabion/rpc/fault';
import { faultOf, toStatus } from '@gabion/rpc/faults';
import { addHealth, type Health } from '@gabion/rpc/health';
import { pathOf } from '@gabion/rpc/method-path';
import { addReflection } from '@gabion/rpc/reflection';
import type { Logger } from '@gabion/telemetry/log';
import { counter } from '@gabion/telemetry/metrics';
import { span, spanKinds, withTraceparent } from '@gabion/telemetry/tracing';
import {
  type handleBidiStreamingCall,
  type handleClientStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  Metadata,
  Server,
  type ServerUnaryCall,
  type StatusObject,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { type Catalogue, type Offered, offeredMethods } from './bindings.ts';
import { idempotencyKeyFrom, requestIdFrom, traceparentFrom } from './call-context.ts';
import type { Limits } from './config.ts';
import type { Entrance } from './entrance.ts';
import type { Peers } from './peers.ts';
import { refuseMalformed } from './refuse-malformed.ts';

export interface ProxyParts {
  readonly catalogue: Catalogue;
  readonly entrance: Entrance;
  readonly peers: Peers;
  readonly limits: Limits;
  readonly log: Logger;
}

type Surface = Pick<
  ServerUnaryCall<Buffer, Buffer>,
  'metadata' | 'getDeadline' | 'getPeer' | 'sendMetadata' | 'cancelled'
> &
  Pick<EventEmitter, 'once'>;
type Status = Pick<StatusObject, 'code' | 'details' | 'metadata'>;

/**
 * A gRPC server that passes every offered method on to its service as bytes, once it is known who calls. No metadata
 * from outside passes: what services read there is written anew here.
 */
export function proxyServer(parts: ProxyParts): { server: Server; health: Health } {
  const server = new Server({
    'grpc.max_receive_message_length': parts.limits.bodyBytes,
    'grpc.max_metadata_size': parts.limits.headerBytes,
    'grpc.max_concurrent_streams': 100,
    'grpc.max_connection_idle_ms': 300_000,
    'grpc.keepalive_time_ms': 60_000,
    'grpc.keepalive_timeout_ms': 10_000,
    interceptors: [
      refuseMalformed({
        '/grpc.health.v1.Health/': HealthCheckRequestSchema,
        '/grpc.reflection.v1.ServerReflection/': ServerReflectionRequestSchema,
      }),
    ],
  });
  const offered = offeredMethods(parts.catalogue);
  const services = new Set(offered.map(({ method }) => method.parent));
  for (const service of services)
    server.addService(serviceDefinition(service), implementation(service, offered, parts));
  const health = addHealth(server, [...services]);
  addReflection(server, [...services]);
  return { server, health };
}

function implementation(
  service: DescService,
  offered: readonly Offered[],
  parts: ProxyParts,
): UntypedServiceImplementation {
  return Object.fromEntries(
    service.methods.map((method) => {
      const found = offered.find((each) => each.method === method);
      return [method.localName, handler(method, found ? new Passage(found, parts) : undefined)];
    }),
  );
}

function handler(method: DescMethod, passage: Passage | undefined) {
  const notOffered = toStatus(
    new Fault('unimplemented', `${pathOf(method)} is not offered here`, { code: 'method_not_offered' }),
  );
  const unary: handleUnaryCall<Buffer, Buffer> = (call, callback) => {
    if (!passage) return callback(notOffered);
    passage.unary(call, call.request).then((answer) => callback(null, answer), callback);
  };
  const clientStreaming: handleClientStreamingCall<Buffer, Buffer> = (call, callback) => {
    if (!passage) return callback(notOffered);
    passage.collect(call, call.iterator({ destroyOnReturn: false })).then((answer) => callback(null, answer), callback);
  };
  const serverStreaming: handleServerStreamingCall<Buffer, Buffer> = (call) => {
    if (!passage) return void call.emit('error', notOffered);
    passage.pour(call, one(call.request), call).then(
      () => call.end(),
      (status) => call.emit('error', status),
    );
  };
  const bidi: handleBidiStreamingCall<Buffer, Buffer> = (call) => {
    if (!passage) return void call.emit('error', notOffered);
    passage.pour(call, call.iterator({ destroyOnReturn: false }), call).then(
      () => call.end(),
      (status) => call.emit('error', status),
    );
  };
  return { unary, client_streaming: clientStreaming, server_streaming: serverStreaming, bidi_streaming: bidi }[
    method.methodKind
  ];
}

/** The way of one method's calls through the gateway. Rejects with a gRPC status. */
class Passage {
  readonly #offered: Offered;
  readonly #parts: ProxyParts;

  constructor(offered: Offered, parts: ProxyParts) {
    this.#offered = offered;
    this.#parts = parts;
  }

  unary(surface: Surface, request: Buffer): Promise<Buffer> {
    return this.#pass(surface, (options) => {
      const deadlineMs = Math.min(options.deadlineMs ?? Number.POSITIVE_INFINITY, this.#parts.limits.callMs);
      return this.#connection().unary(this.#offered.method, request, { ...options, deadlineMs });
    });
  }

  collect(surface: Surface, requests: AsyncIterable<Buffer>): Promise<Buffer> {
    return this.#pass(surface, async (options) => {
      for await (const answer of this.#connection().stream(this.#offered.method, requests, options)) return answer;
      throw new Fault('internal', 'the service answered nothing', { code: 'answer_missing' });
    });
  }

  pour(surface: Surface, requests: AsyncIterable<Buffer>, sink: Sink): Promise<void> {
    return this.#pass(surface, async (options) => {
      for await (const answer of this.#connection().stream(this.#offered.method, requests, options)) {
        if (options.signal.aborted) return;
        if (!sink.write(answer)) await drained(sink, options.signal);
      }
    });
  }

  #connection() {
    return this.#parts.peers.to(this.#offered.service);
  }

  async #pass<T>(surface: Surface, work: (options: CallOptions & { signal: AbortSignal }) => Promise<T>): Promise<T> {
    const { method } = this.#offered;
    const started = performance.now();
    const requestId = requestIdFrom(text(surface.metadata, keys.requestId));
    const facts = { method: pathOf(method), requestId, caller: undefined as string | undefined };
    return withTraceparent(traceparentFrom(text(surface.metadata, keys.traceparent)), () =>
      span(`gRPC ${pathOf(method)}`, { kind: spanKinds.server }, async () => {
        let code = 'ok';
        try {
          const options = await this.#enter(surface, requestId);
          facts.caller = options.caller?.id;
          return await work(options);
        } catch (error) {
          const fault = faultOf(error);
          code = fault.code;
          if (fault.kind === 'internal' || fault.kind === 'unknown')
            this.#parts.log.error({ error, ...facts }, 'call failed');
          throw statusOf(error, fault);
        } finally {
          const ms = Math.round((performance.now() - started) * 10) / 10;
          this.#parts.log.info({ ...facts, code, ms }, 'call answered');
          counter('gateway_grpc_calls_total', 'gRPC calls passed on or turned away.', ['method', 'code']).inc({
            method: facts.method,
            code,
          });
        }
      }),
    );
  }

  async #enter(surface: Surface, requestId: string): Promise<CallOptions & { signal: AbortSignal }> {
    const head = new Metadata();
    head.set(keys.requestId, requestId);
    surface.sendMetadata(head);
    const caller = await this.#parts.entrance.enter(
      {
        address: surface
          .getPeer()
          .replace(/:\d+$/, '')
          .replace(/^\[|\]$/g, '')
          .replace(/^::ffff:/, ''),
        authorization: text(surface.metadata, 'authorization'),
        access: accessOf(this.#offered.method),
      },
      () => {},
    );
    const idempotencyKey = idempotencyKeyFrom(text(surface.metadata, keys.idempotencyKey));
    const deadline = Number(surface.getDeadline());
    return {
      requestId,
      signal: leaving(surface),
      ...(caller && { caller }),
      ...(idempotencyKey && { idempotencyKey }),
      ...(Number.isFinite(deadline) && { deadlineMs: Math.max(deadline - Date.now(), 1) }),
    };
  }
}

/** A service's own status passes as it is; only what it says of its own making (metadata other than details) stays behind. */
function statusOf(error: unknown, fault: Fault): Status {
  const cause = error instanceof Fault ? (error.cause as Partial<Status> | undefined) : undefined;
  if (typeof cause?.code !== 'number' || !(cause.metadata instanceof Metadata)) return toStatus(fault);
  const [details] = cause.metadata.get('grpc-status-details-bin');
  if (!details) return toStatus(fault);
  const metadata = new Metadata();
  metadata.set('grpc-status-details-bin', details);
  return { code: cause.code, details: cause.details ?? '', metadata };
}

function leaving(surface: Surface): AbortSignal {
  const gone = new AbortController();
  if (surface.cancelled) gone.abort();
  else surface.once('cancelled', () => gone.abort());
  return gone.signal;
}

async function* one(message: Buffer): AsyncIterable<Buffer> {
  yield message;
}

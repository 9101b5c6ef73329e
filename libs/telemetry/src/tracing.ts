import {
  type Attributes,
  context,
  isSpanContextValid,
  propagation,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { parseTraceParent, W3CTraceContextPropagator } from '@opentelemetry/core';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  RandomIdGenerator,
  type SpanProcessor,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';

export { type Attributes, type Span, SpanKind } from '@opentelemetry/api';

export interface TracingOptions {
  readonly service: string;
  /** Base URL of an OTLP/HTTP collector (OTEL_EXPORTER_OTLP_ENDPOINT). Absent: ids travel, nothing is recorded. */
  readonly otlpEndpoint?: string;
  /** Share of new traces that are recorded, 0 to 1; 1 unless told. */
  readonly sampleRatio?: number;
  /** Takes finished spans in place of OTLP; for tests. */
  readonly processor?: SpanProcessor;
}

let started: TracerProvider | undefined;
/** Whether anything takes spans; where nothing does, ids alone are made, which costs a tenth. */
let isRecording = false;
const ids = new RandomIdGenerator();

/**
 * Starts tracing for this process; the first call decides, later ones answer the same. Trace and span ids exist and
 * travel with the exporter off as well, so that logs, events and answers can always be joined (W3C Trace Context).
 */
export async function startTracing(options: TracingOptions): Promise<AsyncDisposable> {
  if (started) return { [Symbol.asyncDispose]: async () => {} };
  const processor = options.processor ?? (await otlpProcessor(options.otlpEndpoint));
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': options.service, 'service.namespace': 'gabion' }),
    sampler: processor
      ? new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(options.sampleRatio ?? 1) })
      : new AlwaysOffSampler(),
    spanProcessors: processor ? [processor] : [],
  });
  started = provider;
  isRecording = processor !== undefined;
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  trace.setGlobalTracerProvider(provider);
  return { [Symbol.asyncDispose]: () => stopTracing(provider) };
}

async function stopTracing(provider: TracerProvider): Promise<void> {
  if (started !== provider) return;
  started = undefined;
  // A collector that is gone must not keep the process from ending.
  await provider.shutdown().catch(() => {});
  trace.disable();
  context.disable();
  propagation.disable();
}

async function otlpProcessor(endpoint: string | undefined): Promise<SpanProcessor | undefined> {
  if (!endpoint) return undefined;
  // Loaded only when asked for: the exporter costs 20 MB of memory that an idle platform need not pay.
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-http');
  return new BatchSpanProcessor({
    exporter: new OTLPTraceExporter({ url: new URL('v1/traces', withSlash(endpoint)).href }),
  });
}

function withSlash(url: string): string {
  return url.endsWith('/') ? url : `${url}/`;
}

export interface SpanOptions {
  readonly kind?: SpanKind;
  readonly attributes?: Attributes;
}

/** Runs `work` inside a span named `name`; an error is recorded on the span and travels on. */
export function span<T>(name: string, options: SpanOptions, work: (span: Span) => T): T {
  if (started && !isRecording) return unrecorded(work);
  return trace.getTracer('gabion').startActiveSpan(name, options, (active) => {
    try {
      const result = work(active);
      if (!(result instanceof Promise)) {
        active.end();
        return result;
      }
      return result.then(
        (value) => {
          active.end();
          return value;
        },
        (error) => {
          fail(active, error);
          throw error;
        },
      ) as T;
    } catch (error) {
      fail(active, error);
      throw error;
    }
  });
}

/** A span that nothing takes has ids only. Within one of this process its ids serve: nobody could tell two apart. */
function unrecorded<T>(work: (span: Span) => T): T {
  const around = trace.getActiveSpan();
  const parent = around?.spanContext();
  if (around && !parent?.isRemote) return work(around);
  const own = trace.wrapSpanContext({
    traceId: parent?.traceId ?? ids.generateTraceId(),
    spanId: ids.generateSpanId(),
    traceFlags: TraceFlags.NONE,
  });
  return context.with(trace.setSpan(context.active(), own), () => work(own));
}

function fail(active: Span, error: unknown): void {
  active.recordException(error as Error);
  active.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.message : String(error) });
  active.end();
}

/** The W3C `traceparent` of the active span; undefined outside of any. */
export function traceparent(): string | undefined {
  const active = trace.getActiveSpan()?.spanContext();
  if (!active || !isSpanContextValid(active)) return undefined;
  return `00-${active.traceId}-${active.spanId}-${active.traceFlags.toString(16).padStart(2, '0')}`;
}

/** The trace id (32 hex digits) of the active span; undefined outside of any. */
export function traceId(): string | undefined {
  return trace.getActiveSpan()?.spanContext().traceId;
}

/** Runs `work` as a continuation of the trace that `parent` names; of a new trace when it is absent or malformed. */
export function withTraceparent<T>(parent: string | undefined, work: () => T): T {
  const remote: SpanContext | null = parent ? parseTraceParent(parent) : null;
  if (remote) return context.with(trace.setSpanContext(ROOT_CONTEXT, { ...remote, isRemote: true }), work);
  return context.active() === ROOT_CONTEXT ? work() : context.with(ROOT_CONTEXT, work);
}

export const spanKinds = {
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
} as const;

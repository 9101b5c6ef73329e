import {
  type Attributes,
  type Context,
  context,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
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

function fail(active: Span, error: unknown): void {
  active.recordException(error as Error);
  active.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.message : String(error) });
  active.end();
}

/** The W3C `traceparent` of the active span; undefined outside of any. */
export function traceparent(): string | undefined {
  const carrier: Record<string, string> = {};
  propagation.inject(context.active(), carrier);
  return carrier.traceparent;
}

/** The trace id (32 hex digits) of the active span; undefined outside of any. */
export function traceId(): string | undefined {
  return trace.getActiveSpan()?.spanContext().traceId;
}

/** Runs `work` as a continuation of the trace that `parent` names; of a new trace when it is absent or malformed. */
export function withTraceparent<T>(parent: string | undefined, work: () => T): T {
  const carrier = parent ? { traceparent: parent } : {};
  const within: Context = propagation.extract(ROOT_CONTEXT, carrier);
  return context.with(within, work);
}

export const spanKinds = {
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
} as const;

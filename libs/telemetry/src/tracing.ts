import { randomBytes } from 'node:crypto';
import {
  type Attributes,
  context,
  isSpanContextValid,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import type { SpanProcessor } from '@opentelemetry/sdk-trace';

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

interface Tracing {
  /** What takes spans; where nothing does, ids alone are made, which costs a tenth. */
  readonly recorder: { shutdown(): Promise<void> } | undefined;
}

let started: Tracing | undefined;

/**
 * Starts tracing for this process; the first call decides, later ones answer the same. Trace and span ids exist and
 * travel with the exporter off as well, so that logs, events and answers can always be joined (W3C Trace Context).
 */
export async function startTracing(options: TracingOptions): Promise<AsyncDisposable> {
  if (started) return { [Symbol.asyncDispose]: async () => {} };
  const sink = options.processor ?? tracesUrl(options.otlpEndpoint);
  const tracing: Tracing = { recorder: sink && (await record({ ...options, sink })) };
  started = tracing;
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  return { [Symbol.asyncDispose]: () => stopTracing(tracing) };
}

/** Loaded only when asked for: recorder and exporter cost 30 MB of memory that an idle platform need not pay. */
async function record(options: Omit<TracingOptions, 'processor'> & { readonly sink: SpanProcessor | URL }) {
  const { spanRecorder } = await import('./span-recorder.ts');
  const recorder = spanRecorder(options);
  trace.setGlobalTracerProvider(recorder);
  return recorder;
}

async function stopTracing(tracing: Tracing): Promise<void> {
  if (started !== tracing) return;
  started = undefined;
  // A collector that is gone must not keep the process from ending.
  await tracing.recorder?.shutdown().catch(() => {});
  trace.disable();
  context.disable();
}

function tracesUrl(endpoint: string | undefined): URL | undefined {
  return endpoint ? new URL('v1/traces', endpoint.endsWith('/') ? endpoint : `${endpoint}/`) : undefined;
}

export interface SpanOptions {
  readonly kind?: SpanKind;
  readonly attributes?: Attributes;
}

/** Runs `work` inside a span named `name`; an error is recorded on the span and travels on. */
export function span<T>(name: string, options: SpanOptions, work: (span: Span) => T): T {
  if (started && !started.recorder) return unrecorded(work);
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
    traceId: parent?.traceId ?? freshId(16),
    spanId: freshId(8),
    traceFlags: TraceFlags.NONE,
  });
  return context.with(trace.setSpan(context.active(), own), () => work(own));
}

function freshId(bytes: number): string {
  return randomBytes(bytes).toString('hex');
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
  const remote = parent ? spanContextIn(parent) : undefined;
  if (remote) return context.with(trace.setSpanContext(ROOT_CONTEXT, { ...remote, isRemote: true }), work);
  return context.active() === ROOT_CONTEXT ? work() : context.with(ROOT_CONTEXT, work);
}

/** W3C Trace Context section 3.2: later versions may have more behind the flags, version 00 may not, ff is none. */
function spanContextIn(text: string): SpanContext | undefined {
  const [, version, traceId = '', spanId = '', flags = '', more] = traceparentForm.exec(text) ?? [];
  if (version === undefined || version === 'ff' || (version === '00' && more)) return undefined;
  const found = { traceId, spanId, traceFlags: Number.parseInt(flags, 16) };
  return isSpanContextValid(found) ? found : undefined;
}

const traceparentForm = /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(-.*)?$/;

export const spanKinds = {
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
} as const;

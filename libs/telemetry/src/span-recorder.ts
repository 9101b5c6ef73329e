import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  type SpanProcessor,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';

export interface RecorderOptions {
  readonly service: string;
  readonly sampleRatio?: number;
  readonly sink: SpanProcessor | URL;
}

/** Records spans for a processor, or for the traces endpoint of an OTLP/HTTP collector. */
export function spanRecorder({ service, sampleRatio, sink }: RecorderOptions): TracerProvider {
  const processor =
    sink instanceof URL ? new BatchSpanProcessor({ exporter: new OTLPTraceExporter({ url: sink.href }) }) : sink;
  return new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': service, 'service.namespace': 'gabion' }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(sampleRatio ?? 1) }),
    spanProcessors: [processor],
  });
}

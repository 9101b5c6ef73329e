import { startTracing } from '@gabion/telemetry/tracing';
import { configFromEnv } from './config.ts';
import { start } from './service.ts';

const { OTEL_EXPORTER_OTLP_ENDPOINT: otlpEndpoint } = process.env;
const tracing = await startTracing({ service: 'gateway', ...(otlpEndpoint && { otlpEndpoint }) });
const running = await start(configFromEnv(process.env));

const stop = async () => {
  await running[Symbol.asyncDispose]();
  await tracing[Symbol.asyncDispose]();
};
process.once('SIGTERM', stop);
process.once('SIGINT', stop);

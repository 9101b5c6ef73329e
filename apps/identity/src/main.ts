import { once } from 'node:events';
import { startTracing } from '@gabion/telemetry/tracing';
import { configFromEnv } from './config.ts';
import { start } from './service.ts';

const { OTEL_EXPORTER_OTLP_ENDPOINT: otlpEndpoint } = process.env;
await using _tracing = await startTracing({ service: 'identity', ...(otlpEndpoint && { otlpEndpoint }) });
await using _running = await start(configFromEnv(process.env));
await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);

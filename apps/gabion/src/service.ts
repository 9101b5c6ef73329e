import { startTracing } from '@gabion/telemetry/tracing';
import { serviceNamesFrom } from './platform.ts';
import { untilToldToStop } from './stopping.ts';

/** Runs one service by itself, configured by its environment, until it is told to stop. */
export async function runService(asked: string): Promise<void> {
  const [name] = serviceNamesFrom([asked]);
  const stopping = untilToldToStop();
  const { OTEL_EXPORTER_OTLP_ENDPOINT: otlpEndpoint } = process.env;
  await using _tracing = await startTracing({ service: name!, ...(otlpEndpoint && { otlpEndpoint }) });
  await using _running = await starters[name!]();
  await stopping;
}

const starters = {
  async identity() {
    const [{ start }, { configFromEnv }] = await Promise.all([
      import('@gabion/identity/service'),
      import('@gabion/identity/config'),
    ]);
    return start(configFromEnv(process.env));
  },
  async 'kms-secrets'() {
    const [{ start }, { configFromEnv }] = await Promise.all([
      import('@gabion/kms-secrets/service'),
      import('@gabion/kms-secrets/config'),
    ]);
    return start(configFromEnv(process.env));
  },
  async 'image-scanner'() {
    const [{ start }, { configFromEnv }] = await Promise.all([
      import('@gabion/image-scanner/service'),
      import('@gabion/image-scanner/config'),
    ]);
    return start(configFromEnv(process.env));
  },
  async gateway() {
    const [{ start }, { configFromEnv }] = await Promise.all([
      import('@gabion/gateway/service'),
      import('@gabion/gateway/config'),
    ]);
    return start(configFromEnv(process.env));
  },
};

import { readFileSync } from 'node:fs';
import { z } from 'zod';

const brokers = z.array(z.string().regex(/^[^\s,:]+:\d{1,5}$/, 'must be host:port')).min(1);

/** Where events travel: Kafka, or the log tables of the services' own databases. */
const bus = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('kafka'), brokers }),
  z.object({ kind: z.literal('postgres'), logs: z.record(z.string(), z.string()) }),
]);

/** How a service gets its certificate in distributed mode. */
const tls = z.object({
  /** Where identity takes requests from those who have no certificate yet. */
  bootstrapAddress: z.string(),
  /** The secret by which the service proves itself the first time. */
  joinTokenFile: z.string(),
  /** PEM of the platform's own authority. */
  trustBundleFile: z.string(),
  /** Names at which the service is reached. */
  dnsNames: z.array(z.string()).default([]),
});

/** What every service is told, whatever it does. */
export const platformConfig = z.object({
  /** "unix:/path" inside one machine, "host:port" with `tls`. */
  listen: z.string(),
  postgresUrl: z.string(),
  bus,
  redisUrl: z.string().optional(),
  /** Addresses of the other services, by name. */
  peers: z.record(z.string(), z.string()).default({}),
  tls: tls.optional(),
  /** Where probes and metrics are answered, "host:port"; absent when the process that composes the service does it. */
  monitoring: z.string().optional(),
  /** Private folder of the service for what is neither in the database nor worth keeping. */
  dataDir: z.string(),
  logLevel: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal']).default('info'),
});

export type PlatformConfig = z.infer<typeof platformConfig>;

type Env = Readonly<Record<string, string | undefined>>;

/**
 * The platform's part of a service's configuration, from the environment of its own process. `X_FILE` names a file
 * that holds the value of `X`, so that no secret need stand in an environment.
 */
export function platformFromEnv(env: Env): PlatformConfig {
  const peers = Object.entries(env).flatMap(([key, value]) =>
    key.startsWith('GABION_PEER_') && value
      ? [[key.slice('GABION_PEER_'.length).toLowerCase().replaceAll('_', '-'), value]]
      : [],
  );
  return Object.freeze(
    platformConfig.parse({
      listen: env.GABION_LISTEN ?? '0.0.0.0:9000',
      postgresUrl: setting(env, 'GABION_POSTGRES_URL'),
      bus: { kind: 'kafka', brokers: list(setting(env, 'GABION_KAFKA_BROKERS')) },
      redisUrl: setting(env, 'GABION_REDIS_URL'),
      peers: Object.fromEntries(peers),
      ...(env.GABION_TLS_BOOTSTRAP && {
        tls: {
          bootstrapAddress: env.GABION_TLS_BOOTSTRAP,
          joinTokenFile: env.GABION_TLS_JOIN_TOKEN_FILE,
          trustBundleFile: env.GABION_TLS_TRUST_BUNDLE_FILE,
          dnsNames: list(env.GABION_TLS_DNS_NAMES),
        },
      }),
      monitoring: env.GABION_MONITORING ?? '0.0.0.0:9090',
      dataDir: env.GABION_DATA ?? '/var/lib/gabion',
      logLevel: env.GABION_LOG_LEVEL,
    }),
  );
}

/** The value of a variable, or of the file that `<name>_FILE` names. */
export function setting(env: Env, name: string): string | undefined {
  const file = env[`${name}_FILE`];
  return file ? readFileSync(file, 'utf8').trim() : env[name];
}

function list(text: string | undefined): string[] {
  return (text ?? '')
    .split(',')
    .map((each) => each.trim())
    .filter(Boolean);
}

import { platformConfig, platformFromEnv } from '@gabion/service/config';
import { z } from 'zod';

const gib = 1024 ** 3;

/** What the image scanner is told beside the platform's part. */
const scannerConfig = platformConfig.extend({
  /** Scans at a time in this process; 0 takes requests and leaves the work to other replicas. */
  workers: z.number().int().min(0).max(64).default(2),
  /** How long a scan stays with a worker that gives no sign of life. */
  leaseMs: z.number().int().min(500).default(15_000),
  scanTimeoutMs: z.number().default(3_600_000),
  /** Credentials for registries where the request brings none: a Docker config.json. */
  dockerConfigFile: z.string().optional(),
  /** Whether registries on loopback and private addresses may be reached. Link-local addresses never are. */
  allowPrivateRegistries: z.boolean().default(true),
  /** `HTTPS_PROXY` and its kin: the way to registries. */
  proxy: z.record(z.string(), z.string()).default(() => proxyIn(process.env)),
  maxUploadBytes: z.number().default(10 * gib),
  uploadRetentionMs: z.number().default(3_600_000),
  maxFeedBytes: z.number().default(4 * gib),
  /** Uncompressed bytes of one layer. */
  maxLayerBytes: z.number().default(16 * gib),
});

export type Config = Readonly<z.infer<typeof scannerConfig>>;
export type ConfigInput = z.input<typeof scannerConfig>;

/** Checks a configuration and fills in what is left to the defaults. */
export function configFrom(input: ConfigInput): Config {
  return Object.freeze(scannerConfig.parse(input));
}

/** The configuration of a process of its own, from its environment. */
export function configFromEnv(env: Readonly<Record<string, string | undefined>>): Config {
  return configFrom({
    ...platformFromEnv(env),
    ...(env.GABION_SCAN_WORKERS && { workers: Number(env.GABION_SCAN_WORKERS) }),
    ...(env.GABION_DOCKER_CONFIG && { dockerConfigFile: env.GABION_DOCKER_CONFIG }),
    ...(env.GABION_ALLOW_PRIVATE_REGISTRIES && {
      allowPrivateRegistries: env.GABION_ALLOW_PRIVATE_REGISTRIES === 'true',
    }),
    ...(env.GABION_MAX_UPLOAD_BYTES && { maxUploadBytes: Number(env.GABION_MAX_UPLOAD_BYTES) }),
    ...(env.GABION_MAX_FEED_BYTES && { maxFeedBytes: Number(env.GABION_MAX_FEED_BYTES) }),
  });
}

function proxyIn(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const isProxy = (name: string) => /^(https?|no)_proxy$/i.test(name);
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (isProxy(name) && value ? [[name, value]] : [])),
  );
}

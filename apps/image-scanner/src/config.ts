import { availableParallelism } from 'node:os';
import { platformConfig, platformFromEnv } from '@gabion/service/config';
import { z } from 'zod';

const mib = 1024 ** 2;
const gib = 1024 ** 3;
const dayMs = 24 * 3_600_000;

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
  /** How long a scan is kept after its end. */
  scanRetentionMs: z
    .number()
    .positive()
    .default(90 * dayMs),
  /** How long the contents of a layer are kept after their last use. */
  layerRetentionMs: z
    .number()
    .positive()
    .default(30 * dayMs),
  maxFeedBytes: z.number().default(4 * gib),
  /** Whether feeds are fetched when their time comes; on demand they are either way. */
  advisoryUpdates: z.boolean().default(true),
  /** How often it is looked whether the time of a feed has come. */
  feedTickMs: z.number().int().min(10).default(15_000),
  /** `file:` feeds must be below it; anywhere on this machine when absent. */
  feedFileRoot: z.string().optional(),
  feedTimeouts: z
    .object({ headersMs: z.number(), stallMs: z.number(), windowMs: z.number(), windowBytes: z.number() })
    .default({ headersMs: 30_000, stallMs: 60_000, windowMs: 60_000, windowBytes: 60 * 1024 }),
  /** Threads at most that read layers and put images together, in this process. */
  layerThreads: z
    .number()
    .int()
    .min(1)
    .max(64)
    .default(() => Math.min(availableParallelism(), 4)),
  /** A directory with YARA rules and lists of digests beside the built-in ones, read at the start. */
  malwareDefinitions: z.string().optional(),
  /** A ClamAV daemon: `unix:/run/clamav/clamd.ctl` or `host:port`. Without it no file is shown to ClamAV. */
  clamd: z
    .string()
    .regex(/^(?:unix:\/.+|.+:\d{1,5})$/)
    .optional(),
  /** SPDX identifiers or categories; with an allow list, what is on neither list is denied. Without both nothing is judged. */
  allowedLicences: z.array(z.string()).default([]),
  deniedLicences: z.array(z.string()).default([]),
  /** Uncompressed bytes of one layer. */
  maxLayerBytes: z
    .number()
    .positive()
    .default(16 * gib),
  /** Uncompressed bytes per compressed byte of a layer over 64 MiB. */
  maxLayerRatio: z.number().positive().default(200),
  /** Members of one layer. */
  maxLayerEntries: z.number().int().positive().default(1_000_000),
  /** Bytes of one layer's files that are kept to find packages. */
  maxLayerKeptBytes: z
    .number()
    .int()
    .positive()
    .default(128 * mib),
  /** Size of a file that detectors see as a whole. */
  maxFileBytes: z
    .number()
    .int()
    .positive()
    .default(96 * mib),
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
    ...numbersIn(env, {
      layerThreads: 'GABION_LAYER_THREADS',
      maxLayerBytes: 'GABION_MAX_LAYER_BYTES',
      maxLayerRatio: 'GABION_MAX_LAYER_RATIO',
      maxLayerEntries: 'GABION_MAX_LAYER_ENTRIES',
      maxLayerKeptBytes: 'GABION_MAX_LAYER_KEPT_BYTES',
      maxFileBytes: 'GABION_MAX_FILE_BYTES',
    }),
    ...(env.GABION_SCAN_RETENTION_DAYS && { scanRetentionMs: Number(env.GABION_SCAN_RETENTION_DAYS) * dayMs }),
    ...(env.GABION_LAYER_RETENTION_DAYS && { layerRetentionMs: Number(env.GABION_LAYER_RETENTION_DAYS) * dayMs }),
    ...(env.GABION_ADVISORY_UPDATES && { advisoryUpdates: env.GABION_ADVISORY_UPDATES !== 'off' }),
    ...(env.GABION_FEED_FILE_ROOT && { feedFileRoot: env.GABION_FEED_FILE_ROOT }),
    ...(env.GABION_MALWARE_DEFINITIONS && { malwareDefinitions: env.GABION_MALWARE_DEFINITIONS }),
    ...(env.GABION_CLAMD && { clamd: env.GABION_CLAMD }),
    ...(env.GABION_ALLOWED_LICENCES && { allowedLicences: listed(env.GABION_ALLOWED_LICENCES) }),
    ...(env.GABION_DENIED_LICENCES && { deniedLicences: listed(env.GABION_DENIED_LICENCES) }),
    ...(env.GABION_MAX_FEED_BYTES && { maxFeedBytes: Number(env.GABION_MAX_FEED_BYTES) }),
  });
}

function listed(text: string): string[] {
  return text
    .split(',')
    .map((each) => each.trim())
    .filter(Boolean);
}

function numbersIn<K extends string>(
  env: Readonly<Record<string, string | undefined>>,
  names: Readonly<Record<K, string>>,
): { readonly [Key in K]?: number } {
  const given = Object.entries<string>(names).filter(([, variable]) => env[variable]);
  return Object.fromEntries(given.map(([key, variable]) => [key, Number(env[variable])])) as { [Key in K]?: number };
}

function proxyIn(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const isProxy = (name: string) => /^(https?|no)_proxy$/i.test(name);
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (isProxy(name) && value ? [[name, value]] : [])),
  );
}

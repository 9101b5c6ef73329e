import { setting } from '@gabion/service/config';
import { z } from 'zod';

const positive = z.int().positive();
const rate = z.object({ burst: positive, perSecond: z.number().positive() });

/** What the gateway allows; each with the value it has unless told. */
const limits = z.object({
  bodyBytes: positive.default(4 * 1024 * 1024),
  headerBytes: positive.default(16 * 1024),
  urlBytes: positive.default(8 * 1024),
  /** Until a request has come in whole, uploads left aside. */
  requestMs: positive.default(30_000),
  /** Until an upload has come in whole; one of which nothing comes for `stallMs` is cut off before. */
  uploadMs: positive.default(3_600_000),
  /** Until its headers have. */
  headersMs: positive.default(10_000),
  keepAliveMs: positive.default(65_000),
  connections: positive.default(4096),
  /** How long a service may take for a single answer. */
  callMs: positive.default(15_000),
  /** How long a reader of a stream may take nothing, or the sender of an upload send nothing, before it is cut off. */
  stallMs: positive.default(30_000),
  heartbeatMs: positive.default(15_000),
  streamsPerCaller: positive.default(32),
  callerRate: rate.default({ burst: 600, perSecond: 100 }),
  /** Of one address (one /64 of IPv6), for what comes without a token. */
  addressRate: rate.default({ burst: 120, perSecond: 20 }),
  /** Of failed authentications of one address. */
  failureRate: rate.default({ burst: 10, perSecond: 0.2 }),
  /** How long a stop waits for what is in flight. */
  graceMs: positive.default(4000),
});

const tlsFiles = z.object({ certificateFile: z.string(), keyFile: z.string() });

const gatewayConfig = z.object({
  /** "host:port" of REST; port 0 takes a free one. */
  http: z.string().default('127.0.0.1:8080'),
  /** "host:port" of gRPC. */
  grpc: z.string().default('127.0.0.1:8081'),
  /** Addresses of the services, by name. */
  peers: z.record(z.string(), z.string()),
  redisUrl: z.string().optional(),
  /** Certificate of both ports towards the outside; read again when the files change. */
  publicTls: tlsFiles.optional(),
  /** How the gateway gets its own certificate towards the services; absent on unix sockets. */
  tls: z
    .object({
      bootstrapAddress: z.string(),
      joinTokenFile: z.string(),
      trustBundleFile: z.string(),
      dnsNames: z.array(z.string()).default([]),
    })
    .optional(),
  /** Addresses or CIDR blocks of proxies whose X-Forwarded-For is believed. */
  trustedProxies: z.array(z.string()).default([]),
  /** Where probes and metrics are answered without a token, "host:port"; absent where another process does it. */
  monitoring: z.string().optional(),
  logLevel: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  limits: limits.prefault({}),
});

export type GatewayConfig = z.infer<typeof gatewayConfig>;
export type Limits = GatewayConfig['limits'];
export type GatewayConfigInput = z.input<typeof gatewayConfig>;

/** A configuration with everything that was left open filled in; throws for one that makes no sense. */
export function configOf(input: GatewayConfigInput): GatewayConfig {
  return Object.freeze(gatewayConfig.parse(input));
}

type Env = Readonly<Record<string, string | undefined>>;

/** The configuration of a gateway in a process of its own. */
export function configFromEnv(env: Env): GatewayConfig {
  const peers = Object.entries(env).flatMap(([key, value]) =>
    key.startsWith('GABION_PEER_') && value
      ? [[key.slice('GABION_PEER_'.length).toLowerCase().replaceAll('_', '-'), value]]
      : [],
  );
  return configOf({
    http: env.GABION_HTTP_LISTEN ?? '0.0.0.0:8080',
    grpc: env.GABION_GRPC_LISTEN ?? '0.0.0.0:8081',
    peers: Object.fromEntries(peers),
    redisUrl: setting(env, 'GABION_REDIS_URL'),
    publicTls: env.GABION_PUBLIC_TLS_CERTIFICATE_FILE
      ? { certificateFile: env.GABION_PUBLIC_TLS_CERTIFICATE_FILE, keyFile: env.GABION_PUBLIC_TLS_KEY_FILE ?? '' }
      : undefined,
    tls: env.GABION_TLS_BOOTSTRAP
      ? {
          bootstrapAddress: env.GABION_TLS_BOOTSTRAP,
          joinTokenFile: env.GABION_TLS_JOIN_TOKEN_FILE ?? '',
          trustBundleFile: env.GABION_TLS_TRUST_BUNDLE_FILE ?? '',
          dnsNames: list(env.GABION_TLS_DNS_NAMES),
        }
      : undefined,
    trustedProxies: list(env.GABION_TRUSTED_PROXIES),
    monitoring: env.GABION_MONITORING ?? '0.0.0.0:9090',
    logLevel: env.GABION_LOG_LEVEL as GatewayConfig['logLevel'] | undefined,
  });
}

function list(text: string | undefined): string[] {
  return (text ?? '')
    .split(',')
    .map((each) => each.trim())
    .filter(Boolean);
}

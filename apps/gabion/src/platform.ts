import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { provision } from '@gabion/postgres/provision';
import { openServer, type PostgresServer } from '@gabion/postgres/server';
import type { PlatformConfig } from '@gabion/service/config';
import { Complaint, exitCodes } from './complaint.ts';
import type { DataDir } from './data-dir.ts';

/** The services of the platform, in the order in which they start. */
export const serviceNames = ['identity', 'kms-secrets', 'image-scanner', 'gateway'] as const;
export type ServiceName = (typeof serviceNames)[number];

export interface PlatformOptions {
  readonly dataDir: DataDir;
  /** "host:port"; port 0 takes a free one. */
  readonly http: string;
  readonly grpc: string;
  readonly services: readonly ServiceName[];
  /** Kafka brokers; the embedded bus when empty. */
  readonly kafka: readonly string[];
  /** An administrator's URL; a server of our own when absent. */
  readonly postgresUrl: string | undefined;
  readonly redisUrl: string | undefined;
  readonly logLevel: PlatformConfig['logLevel'];
  /** Told what goes on while the platform starts, and when PostgreSQL has to be started again. */
  progress(line: string): void;
}

export interface Platform extends AsyncDisposable {
  /** Of the gateway; undefined when it is not among the services. */
  readonly url: string | undefined;
  readonly grpc: string | undefined;
  readonly postgres: Pick<PostgresServer, 'origin' | 'version'>;
}

/** Starts the services in this process, with what each needs; what was started before a failure is stopped. */
export async function startPlatform(options: PlatformOptions): Promise<Platform> {
  await using stack = new AsyncDisposableStack();
  // PostgreSQL starts in a process of its own: in the meantime this one loads the services.
  const loading = Promise.all(options.services.map(load));
  loading.catch(() => {});
  const server = stack.use(await openPostgres(options));
  const surroundings = await provisionFor(options, server);
  await loading;

  const backends = options.services.filter((name) => name !== 'gateway');
  await Promise.all(backends.map(async (name) => stack.use(await starters[name](surroundings(name), options))));
  const gateway = options.services.includes('gateway') ? stack.use(await startGateway(options)) : undefined;

  const running = stack.move();
  return {
    url: gateway?.url,
    grpc: gateway?.grpc,
    postgres: { origin: server.origin, version: server.version },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** The PostgreSQL of the data directory, or the one given. */
export async function openPostgres(
  options: Pick<PlatformOptions, 'dataDir' | 'postgresUrl' | 'progress'>,
): Promise<PostgresServer> {
  return openServer({
    ...(options.postgresUrl && { url: options.postgresUrl }),
    dataDir: options.dataDir.postgresDir,
    onProgress: options.progress,
  });
}

/** Gives each service that keeps something its database, and answers the platform's part of each configuration. */
export async function provisionFor(
  options: Pick<PlatformOptions, 'dataDir' | 'services' | 'kafka' | 'redisUrl' | 'logLevel'>,
  server: Pick<PostgresServer, 'adminUrl'>,
): Promise<(service: ServiceName) => PlatformConfig> {
  const { dataDir, services, kafka, redisUrl, logLevel } = options;
  const keepers = services.filter((name) => name !== 'gateway');
  // The role of the bus comes first: a service lets it read its log when it finds it there.
  const reader = kafka.length > 0 ? undefined : await provision(server.adminUrl, 'bus', dataDir.secretsDir);
  const urls = new Map<ServiceName, string>();
  for (const name of keepers) urls.set(name, await provision(server.adminUrl, name, dataDir.secretsDir));
  const bus: PlatformConfig['bus'] = reader
    ? { kind: 'postgres', logs: Object.fromEntries([...urls].map(([name, url]) => [name, as(reader, url)])) }
    : { kind: 'kafka', brokers: [...kafka] };
  return (name) => ({
    listen: addressOf(dataDir, name),
    postgresUrl: urls.get(name) ?? '',
    bus,
    ...(redisUrl && { redisUrl }),
    peers: peersOf(options),
    dataDir: dataDir.serviceDir(name),
    logLevel,
  });
}

/** Where a service listens inside of the one process. */
export function addressOf({ runDir }: DataDir, service: ServiceName): string {
  return `unix:${join(runDir, `${service}.sock`)}`;
}

function peersOf({ dataDir, services }: Pick<PlatformOptions, 'dataDir' | 'services'>): Record<string, string> {
  return Object.fromEntries(
    services.filter((name) => name !== 'gateway').map((name) => [name, addressOf(dataDir, name)]),
  );
}

/** The database of `url`, seen by the role of `reader`. */
function as(reader: string, url: string): string {
  const { username, password } = new URL(reader);
  const seen = new URL(url);
  seen.username = username;
  seen.password = password;
  return seen.href;
}

const starters: Record<
  Exclude<ServiceName, 'gateway'>,
  (config: PlatformConfig, options: PlatformOptions) => Promise<AsyncDisposable>
> = {
  async identity(config, { dataDir }) {
    const [{ start }, { configFrom }] = await Promise.all([
      import('@gabion/identity/service'),
      import('@gabion/identity/config'),
    ]);
    return start(configFrom({ ...config, firstAdministrator: { tokenFile: dataDir.adminTokenFile } }));
  },
  async 'kms-secrets'(config, { dataDir }) {
    const [{ start }, { configFrom }] = await Promise.all([
      import('@gabion/kms-secrets/service'),
      import('@gabion/kms-secrets/config'),
    ]);
    return start(configFrom({ ...config, seal: { kind: 'file', path: dataDir.sealFile, initialise: true } }));
  },
  'image-scanner': (config) => startScanner(config, true),
};

/** The image scanner, with the registry credentials of whoever starts it; one that lives for a command fetches nothing by itself. */
export async function startScanner(config: PlatformConfig, fetchesAdvisories: boolean): Promise<AsyncDisposable> {
  const [{ start }, { configFrom }] = await Promise.all([
    import('@gabion/image-scanner/service'),
    import('@gabion/image-scanner/config'),
  ]);
  const dockerConfigFile = dockerConfig(process.env);
  return start(
    configFrom({
      ...config,
      ...(dockerConfigFile && { dockerConfigFile }),
      advisoryUpdates: fetchesAdvisories && process.env.GABION_ADVISORY_UPDATES !== 'off',
    }),
  );
}

/** Docker's own file of registry credentials, where docker(1) looks for it; undefined when there is none. */
function dockerConfig(env: NodeJS.ProcessEnv): string | undefined {
  const folder = env.DOCKER_CONFIG ?? join(homedir(), '.docker');
  const file = env.GABION_DOCKER_CONFIG ?? join(folder, 'config.json');
  return existsSync(file) ? file : undefined;
}

async function load(name: ServiceName): Promise<unknown> {
  switch (name) {
    case 'identity':
      return import('@gabion/identity/service');
    case 'kms-secrets':
      return import('@gabion/kms-secrets/service');
    case 'image-scanner':
      return import('@gabion/image-scanner/service');
    case 'gateway':
      return import('@gabion/gateway/service');
    default: {
      const never: never = name;
      throw new Error(`unknown service ${never}`);
    }
  }
}

async function startGateway(options: PlatformOptions): Promise<{ url: string; grpc: string } & AsyncDisposable> {
  const [{ start }, { configOf }] = await Promise.all([
    import('@gabion/gateway/service'),
    import('@gabion/gateway/config'),
  ]);
  const { http, grpc, redisUrl, logLevel } = options;
  const running = await start(
    configOf({ http, grpc, peers: peersOf(options), ...(redisUrl && { redisUrl }), logLevel }),
  );
  return {
    url: `http://${reachable(new URL(running.url).host)}`,
    grpc: reachable(running.grpcAddress),
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}

/** An address to connect to: who listens on all addresses is reached on loopback. */
function reachable(address: string): string {
  return address.replace(/^0\.0\.0\.0:/, '127.0.0.1:').replace(/^\[::\]:/, '[::1]:');
}

/** Refuses a name that no service has. */
export function serviceNamesFrom(asked: readonly string[] | undefined): readonly ServiceName[] {
  const unknown = asked?.find((name) => !serviceNames.includes(name as ServiceName));
  if (unknown !== undefined)
    throw new Complaint(`there is no service ${unknown}`, {
      code: 'usage',
      hint: `The services are ${serviceNames.join(', ')}.`,
      exitCode: exitCodes.usage,
    });
  return asked ? serviceNames.filter((name) => asked.includes(name)) : serviceNames;
}

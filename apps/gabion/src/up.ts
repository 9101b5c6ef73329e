import { access } from 'node:fs/promises';
import { startTracing } from '@gabion/telemetry/tracing';
import { upInBackground } from './background.ts';
import { Complaint } from './complaint.ts';
import { type DataDir, dataDirOf, prepareDataDir } from './data-dir.ts';
import { type Held, hold } from './holder.ts';
import { keepBounded } from './log-file.ts';
import { type Platform, type PlatformOptions, serviceNamesFrom, startPlatform } from './platform.ts';
import { refuseTakenPort } from './port.ts';
import { showProgress } from './progress.ts';
import { untilToldToStop } from './stopping.ts';
import { version } from './version.ts';

export interface UpOptions {
  readonly data?: string;
  readonly port: number;
  readonly host: string;
  readonly grpcPort: number;
  readonly services?: string[];
  readonly detach?: true;
  readonly kafka?: string[];
  readonly postgres?: string;
  readonly redis?: string;
  readonly logLevel: PlatformOptions['logLevel'];
}

/** Runs the platform until it is told to stop. */
export async function up(options: UpOptions): Promise<void> {
  const dataDir = dataDirOf(options.data, process.env);
  const services = serviceNamesFrom(options.services);
  if (options.detach) return upInBackground(dataDir);
  const stopping = untilToldToStop();
  // One that runs in the background must not keep the folder busy in which it was started.
  if (process.connected) process.chdir('/');

  await using stack = new AsyncDisposableStack();
  await prepareDataDir(dataDir, version);
  const held = stack.use(await hold(dataDir, { version, does: 'platform' }));
  if (services.includes('gateway')) {
    await refuseTakenPort(options.host, options.port, '--port');
    await refuseTakenPort(options.host, options.grpcPort, '--grpc-port');
  }
  const { OTEL_EXPORTER_OTLP_ENDPOINT: otlpEndpoint } = process.env;
  stack.use(await startTracing({ service: 'gabion', ...(otlpEndpoint && { otlpEndpoint }) }));
  stack.use(keepBounded(dataDir.logFile));

  const missing = await missingOf(firstFilesOf(dataDir));
  const platform = stack.use(await start(options, dataDir, services));
  await announce(held, platform, options, services);
  for (const { file, told } of missing) if (await exists(file)) tell(told);
  tell(platform.url ? `Gabion is ready at ${platform.url}` : `Gabion is ready: ${services.join(', ')}`);
  process.send?.({ ready: true });
  if (process.connected) process.disconnect();

  await stopping;
}

async function start(options: UpOptions, dataDir: DataDir, services: PlatformOptions['services']): Promise<Platform> {
  using shown = showProgress();
  const progress = (line: string) => {
    shown.at(`${line}…`);
    if (process.connected) process.send?.({ progress: `${line}…` });
  };
  return startPlatform({
    dataDir,
    http: address(options.host, options.port),
    grpc: address(options.host, options.grpcPort),
    services,
    kafka: options.kafka ?? [],
    postgresUrl: options.postgres,
    redisUrl: options.redis,
    // On a terminal a person reads along: only what is worth their attention.
    logLevel: process.stderr.isTTY && options.logLevel === 'info' ? 'warn' : options.logLevel,
    progress,
  });
}

async function announce(
  held: Held,
  platform: Platform,
  options: UpOptions,
  services: readonly string[],
): Promise<void> {
  await held.tell({
    ...(platform.url && { url: platform.url }),
    ...(platform.grpc && { grpc: platform.grpc }),
    services,
    postgres: platform.postgres,
    bus: options.kafka ? 'kafka' : 'postgres',
  });
}

/** What the person at the keyboard, or the one who started this in the background, should read. */
function tell(line: string): void {
  process.stdout.write(`${line}\n`);
  if (process.connected) process.send?.({ said: line });
}

interface FirstFile {
  readonly file: string;
  /** What its maker is told, once. */
  readonly told: string;
}

/** What the first start makes, and a person has to know of. */
function firstFilesOf({ adminTokenFile, sealFile }: DataDir): readonly FirstFile[] {
  return [
    { file: adminTokenFile, told: `The administrator's token was written to ${adminTokenFile}` },
    {
      file: sealFile,
      told: `The seal's key was written to ${sealFile}: keep a copy elsewhere, without it no key or secret opens again`,
    },
  ];
}

async function missingOf(files: readonly FirstFile[]): Promise<readonly FirstFile[]> {
  const isThere = await Promise.all(files.map(({ file }) => exists(file)));
  return files.filter((_, at) => !isThere[at]);
}

function address(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false;
      throw new Complaint(`${path} cannot be read: ${error.message}`, { code: 'not_permitted', exitCode: 3 });
    },
  );
}

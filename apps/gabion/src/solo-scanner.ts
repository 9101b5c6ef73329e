import { setTimeout as delay } from 'node:timers/promises';
import { connect } from '@gabion/rpc/client';
import { localOperator } from '@gabion/trust/caller';
import { credentials } from '@grpc/grpc-js';
import { Complaint } from './complaint.ts';
import { type DataDir, dataDirOf, prepareDataDir } from './data-dir.ts';
import { hold } from './holder.ts';
import { addressOf, openPostgres, provisionFor, startScanner } from './platform.ts';
import { showProgress } from './progress.ts';
import { findPlatform, type Reach } from './reach.ts';
import { version } from './version.ts';

/**
 * The scanner of the running platform; without one, a scanner in this very process, for as long as it is used. While
 * another scan has the data directory, or a platform starts on it, this one waits.
 */
export async function scannerFor(data: string | undefined): Promise<Reach> {
  using shown = showProgress();
  for (;;) {
    const platform = await findPlatform(data, process.env);
    if (platform) return platform;
    try {
      return await soloScanner(dataDirOf(data, process.env), (line) => shown.at(`${line}…`));
    } catch (error) {
      if (!(error instanceof Complaint) || error.code !== 'data_in_use') throw error;
      shown.at(`${error.message}; waiting for it…`);
      await delay(200);
    }
  }
}

/**
 * The image scanner alone, on the data directory: the same service behind the same gRPC, on a socket that only this
 * user can open, and called for the person at the keyboard.
 */
async function soloScanner(dataDir: DataDir, progress: (line: string) => void): Promise<Reach> {
  await using stack = new AsyncDisposableStack();
  await prepareDataDir(dataDir, version);
  stack.use(await hold(dataDir, { version, does: 'scan' }));
  const loading = import('@gabion/image-scanner/service');
  loading.catch(() => {});
  const { GABION_POSTGRES_URL: postgresUrl } = process.env;
  const server = stack.use(await openPostgres({ dataDir, postgresUrl, progress }));
  const options = {
    dataDir,
    services: ['image-scanner'] as const,
    kafka: [],
    redisUrl: undefined,
    logLevel: 'error' as const,
  };
  const configOf = await provisionFor(options, server);
  await loading;
  stack.use(await startScanner(configOf('image-scanner'), false));
  const connection = stack.use(
    connect({ address: addressOf(dataDir, 'image-scanner'), as: 'gabion', credentials: credentials.createInsecure() }),
  );
  const running = stack.move();
  return {
    client: (service) => connection.client(service),
    as: { caller: localOperator() },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

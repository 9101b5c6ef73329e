import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, isInstalled, startServerProcess } from './server-process.ts';

/** A real Redis; `stop` and `start` keep its port and forget its data. */
export interface TestRedis extends AsyncDisposable {
  readonly url: string;
  stop(): Promise<void>;
  start(): Promise<void>;
}

/** A Redis for tests: the one of GABION_TEST_REDIS, else `redis-server` of the PATH. `ownServer` passes over the given one. */
export async function redisForTests(options: { ownServer?: boolean } = {}): Promise<TestRedis | { skipped: string }> {
  const given = process.env.GABION_TEST_REDIS;
  if (given && !options.ownServer) return givenRedis(given);
  if (!(await isInstalled('redis-server'))) return { skipped: 'redis-server is not installed' };
  const directory = await mkdtemp(join(tmpdir(), 'gabion-test-redis-'));
  const port = await freePort();
  const start = () =>
    startServerProcess(
      'redis-server',
      ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', directory],
      { logFile: join(directory, 'redis.log'), isReady: () => answersRedis(port), patienceMs: 10_000 },
    );
  let server: Awaited<ReturnType<typeof start>> | undefined = await start();
  const stop = async () => {
    await server?.stop('kill');
    server = undefined;
  };
  return {
    url: `redis://127.0.0.1:${port}`,
    stop,
    start: async () => {
      server ??= await start();
    },
    [Symbol.asyncDispose]: async () => {
      await stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function givenRedis(url: string): TestRedis {
  const refuse = async () => {
    throw new Error('the server of GABION_TEST_REDIS is shared: ask redisForTests({ ownServer: true })');
  };
  return { url, stop: refuse, start: refuse, [Symbol.asyncDispose]: async () => {} };
}

/** PING over RESP: an inline command needs no client library. */
async function answersRedis(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    return await new Promise<boolean>((resolve) => {
      socket.once('error', () => resolve(false));
      socket.once('connect', () => socket.write('PING\r\n'));
      socket.once('data', (answer) => resolve(answer.toString() === '+PONG\r\n'));
    });
  } finally {
    socket.destroy();
  }
}

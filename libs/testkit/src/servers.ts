import { kafkaForTests } from './kafka.ts';
import { postgresForTests } from './postgres.ts';
import { redisForTests } from './redis.ts';

/** Servers that a whole run of tests shares: `env` goes to the test processes; `skipped` says what is not there and why. */
export interface RunServers extends AsyncDisposable {
  readonly env: { readonly [name: string]: string };
  readonly skipped: { readonly [server: string]: string };
}

/** Starts PostgreSQL, Redis and Kafka side by side for a run over all packages; `onProgress` hears of each that is up. */
export async function startServersForRun(onProgress: (line: string) => void = () => {}): Promise<RunServers> {
  await using started = new AsyncDisposableStack();
  const env: Record<string, string> = {};
  const skipped: Record<string, string> = {};
  const timed = async <T extends AsyncDisposable>(name: string, starting: Promise<T | { skipped: string }>) => {
    const began = performance.now();
    const server = await starting;
    if ('skipped' in server) {
      skipped[name] = server.skipped;
      onProgress(`${name}: skipped, ${server.skipped}`);
      return undefined;
    }
    started.use(server);
    onProgress(`${name}: up after ${((performance.now() - began) / 1_000).toFixed(1)} s`);
    return server;
  };
  const outcomes = await Promise.allSettled([
    timed('PostgreSQL', postgresForTests()).then((server) => {
      if (server) env.GABION_TEST_POSTGRES = server.adminUrl;
    }),
    timed('Redis', redisForTests()).then((server) => {
      if (server) env.GABION_TEST_REDIS = server.url;
    }),
    timed('Kafka', kafkaForTests()).then((server) => {
      if (server) env.GABION_TEST_KAFKA = server.brokers.join(',');
    }),
  ]);
  // Only now: what had started by the time another one failed is stopped as well.
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed) throw failed.reason;
  const servers = started.move();
  return { env, skipped, [Symbol.asyncDispose]: () => servers.disposeAsync() };
}

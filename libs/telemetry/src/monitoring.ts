import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { metricsText } from './metrics.ts';

export interface MonitoringOptions {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  /** Answers what keeps the process from serving; nothing when it is ready. */
  unready(): Promise<string | undefined>;
}

/** Serves /healthz, /readyz and /metrics over plain HTTP for probes and Prometheus; nothing else is there to be read. */
export async function serveMonitoring({
  host,
  port,
  unready,
}: MonitoringOptions): Promise<{ port: number } & AsyncDisposable> {
  const server = createServer(
    { requestTimeout: 5000, headersTimeout: 5000, maxHeaderSize: 8192 },
    async (request, response) => {
      const { status, body, contentType } = await answer(request.url ?? '/', unready).catch((error) => ({
        status: 500,
        body: `${error instanceof Error ? error.message : error}\n`,
        contentType: 'text/plain',
      }));
      response.writeHead(status, { 'content-type': contentType, 'cache-control': 'no-store' }).end(body);
    },
  );
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve));
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

async function answer(
  url: string,
  unready: MonitoringOptions['unready'],
): Promise<{ status: number; body: string; contentType: string }> {
  const contentType = 'text/plain; charset=utf-8';
  if (url === '/healthz') return { status: 200, body: 'ok\n', contentType };
  if (url === '/metrics') return { status: 200, ...(await metricsText()) };
  if (url !== '/readyz') return { status: 404, body: 'not found\n', contentType };
  const reason = await unready();
  return reason ? { status: 503, body: `${reason}\n`, contentType } : { status: 200, body: 'ok\n', contentType };
}

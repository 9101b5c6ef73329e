import { catalogue } from '@gabion/contracts/services';
import { openCache } from '@gabion/redis/open-cache';
import { hostAndPort } from '@gabion/service/address';
import type { PlatformConfig } from '@gabion/service/config';
import { createLog, type Logger } from '@gabion/telemetry/log';
import { serveMonitoring } from '@gabion/telemetry/monitoring';
import type { RenewingCertificate } from '@gabion/trust/certificates';
import { experimental, ServerCredentials } from '@grpc/grpc-js';
import type { FastifyInstance } from 'fastify';
import { bindingsOf, type Catalogue } from './bindings.ts';
import { Callers } from './callers.ts';
import { configOf, type GatewayConfig, type GatewayConfigInput } from './config.ts';
import { addDocs } from './docs.ts';
import { Entrance } from './entrance.ts';
import { FileCertificate } from './file-certificate.ts';
import { proxyServer } from './grpc-proxy.ts';
import { addHarborAdapter } from './harbor/harbor.ts';
import { httpServer } from './http-server.ts';
import { openApi } from './openapi.ts';
import { Peers } from './peers.ts';
import { addProbes, readiness } from './probes.ts';
import { Rest } from './rest.ts';
import { watchRevocations } from './revocations.ts';
import { sourceAddress } from './source-address.ts';

/** A gateway that answers. */
export interface Running extends AsyncDisposable {
  /** Where REST is answered, for example "http://127.0.0.1:8080". */
  readonly url: string;
  /** "host:port" of gRPC. */
  readonly grpcAddress: string;
}

/** Starts the gateway. `offered` is what it offers: the whole catalogue unless told. */
export async function start(
  input: GatewayConfigInput,
  offered: Catalogue = catalogue,
  log: Logger = createLog({ service: 'gateway', level: input.logLevel ?? 'info' }),
): Promise<Running> {
  await using stack = new AsyncDisposableStack();
  const config = configOf(input);
  const { limits } = config;
  const certificate = config.tls && stack.use(await certificateOf(config, log));
  const publicCertificate = config.publicTls && stack.use(new FileCertificate(config.publicTls, log));
  const peers = stack.use(new Peers(config.peers, certificate));
  const cache = stack.use(openCache(config.redisUrl));

  const identity = peers.to('identity');
  const callers = new Callers({ identity });
  stack.use(watchRevocations({ identity, callers, log }));
  const entrance = new Entrance(callers, cache, limits);

  const stopping = new AbortController();
  const bindings = bindingsOf(offered);
  const source = sourceAddress(config.trustedProxies);
  const rest = new Rest({ bindings, entrance, peers, source, limits, log, stopping: stopping.signal });
  const app = httpServer(rest, config, log, publicCertificate);
  addProbes(app, rest, peers, stopping.signal);
  addHarborAdapter(app, { rest, peers, limits });
  addDocs(app, openApi(bindings));
  stack.defer(() => closeHttp(app, limits.graceMs));

  const proxy = proxyServer({ catalogue: offered, entrance, peers, limits, log });
  stack.defer(() => closeGrpc(proxy, limits.graceMs));
  const grpcAddress = await bindGrpc(proxy.server, config.grpc, publicCertificate);
  const url = await app.listen(hostAndPort(config.http));
  if (config.monitoring) {
    const ready = readiness(peers, stopping.signal);
    const unready = async () => (await ready()).reasons.join(', ') || undefined;
    stack.use(await serveMonitoring({ ...hostAndPort(config.monitoring), unready }));
  }
  log.info({ url, grpcAddress }, 'gateway started');

  const running = stack.move();
  return {
    url,
    grpcAddress,
    async [Symbol.asyncDispose]() {
      stopping.abort();
      // Both ports at once: each waits for its own calls in flight.
      await Promise.all([closeHttp(app, limits.graceMs), closeGrpc(proxy, limits.graceMs)]);
      await running.disposeAsync();
    },
  };
}

/** Loaded only in distributed mode: what makes certificates is of no use on unix sockets. */
async function certificateOf(config: GatewayConfig, log: Logger): Promise<RenewingCertificate> {
  const { join } = await import('@gabion/service/join');
  return join('gateway', config as unknown as PlatformConfig, log);
}

/** Takes no new requests and waits for those in flight, but not for ever. */
async function closeHttp(app: FastifyInstance, graceMs: number): Promise<void> {
  const forced = setTimeout(() => app.server.closeAllConnections(), graceMs);
  // Node closes the connections that are idle at this moment; one that is kept alive after its answer would be waited for.
  const sweeping = setInterval(() => app.server.closeIdleConnections(), 50);
  await app.close();
  clearInterval(sweeping);
  clearTimeout(forced);
}

async function closeGrpc({ server, health }: ReturnType<typeof proxyServer>, graceMs: number): Promise<void> {
  health.stop();
  const forced = setTimeout(() => server.forceShutdown(), graceMs);
  await new Promise<void>((closed) => server.tryShutdown(() => closed()));
  clearTimeout(forced);
}

async function bindGrpc(
  server: ReturnType<typeof proxyServer>['server'],
  address: GatewayConfig['grpc'],
  certificate: FileCertificate | undefined,
): Promise<string> {
  const credentials = certificate
    ? experimental.createCertificateProviderServerCredentials(certificate, null, false)
    : ServerCredentials.createInsecure();
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync(address, credentials, (error, bound) => (error ? reject(error) : resolve(bound))),
  );
  return address.replace(/:\d+$/, `:${port}`);
}

import { rmSync } from 'node:fs';
import type { DescService } from '@bufbuild/protobuf';
import { type Bus, openBus } from '@gabion/events/bus';
import { type Database, openDatabase } from '@gabion/postgres/database';
import { forgetAnswers, idempotencyMigrations } from '@gabion/postgres/idempotency';
import { type Migration, migrate } from '@gabion/postgres/migrate';
import type { AllowedCallers } from '@gabion/rpc/admission';
import { type Connection, connect } from '@gabion/rpc/client';
import type { Listener } from '@gabion/rpc/contract-server';
import { serve } from '@gabion/rpc/serve';
import { createLog, type Logger } from '@gabion/telemetry/log';
import { serveMonitoring } from '@gabion/telemetry/monitoring';
import type { RenewingCertificate } from '@gabion/trust/certificates';
import { clientCredentials, serverCredentials } from '@gabion/trust/credentials';
import { credentials, ServerCredentials } from '@grpc/grpc-js';
import type { DynamicModule } from '@nestjs/common';
import { sql } from 'kysely';
import { hostAndPort } from './address.ts';
import { auditRefusals } from './audit.ts';
import type { PlatformConfig } from './config.ts';

/** What a service is made from. */
export interface Parts {
  readonly db: Database;
  readonly bus: Bus;
  readonly log: Logger;
  /** Undefined inside one process, where services meet on unix sockets. */
  readonly certificate: RenewingCertificate | undefined;
  /** The connection to another service, made once. */
  to(service: string): Connection;
  /** Has `part` disposed of when the service stops; the last one given goes first. */
  use<T extends Disposable | AsyncDisposable>(part: T): T;
}

export interface ServiceDefinition {
  readonly name: string;
  readonly services: readonly DescService[];
  readonly callers: AllowedCallers;
  readonly migrations: readonly Migration[];
  /** Builds the service's own parts and the module that wires its controllers. */
  build(parts: Parts): Promise<DynamicModule>;
  /** Begins what the service does by itself (consumers, workers), once its gRPC server listens. */
  begin?(parts: Parts): Promise<void>;
  /** Where the certificate comes from; from identity, where TLS is configured, unless told. */
  certificate?(parts: Pick<Parts, 'db' | 'log' | 'use'>): Promise<RenewingCertificate>;
  /** Listeners beside the service's own. */
  listeners?(parts: Parts): readonly Listener[];
}

export interface Running extends AsyncDisposable {
  /** Where the service listens, as bound. */
  readonly address: string;
  /** Bound addresses of the further listeners. */
  readonly others: readonly string[];
}

/** Starts a service: database and migrations, bus, certificate, gRPC server, probes. What was started before a failure is stopped. */
export async function startService(definition: ServiceDefinition, config: PlatformConfig): Promise<Running> {
  await using stack = new AsyncDisposableStack();
  const { name } = definition;
  const log = createLog({ service: name, level: config.logLevel });
  const use = <T extends Disposable | AsyncDisposable>(part: T): T => stack.use(part);

  const db = use(openDatabase(config.postgresUrl, { applicationName: `gabion-${name}` }));
  await migrate(db, 'idempotency', idempotencyMigrations);
  await migrate(db, name, definition.migrations);
  use(forgettingAnswers(db, log));
  const bus = use(await openBus({ service: name, db, config: config.bus, log }));
  const certificate = definition.certificate
    ? await definition.certificate({ db, log, use })
    : config.tls && use(await joined(name, config, log));

  const connections = new Map<string, Connection>();
  const to = (service: string): Connection => {
    const known = connections.get(service) ?? use(connectTo(service, name, config, certificate));
    connections.set(service, known);
    return known;
  };

  const parts: Parts = { db, bus, log, certificate, to, use };
  const module = await definition.build(parts);
  const serving = use(
    await serve({
      module,
      services: definition.services,
      listeners: [listener(config.listen, certificate), ...(definition.listeners?.(parts) ?? [])],
      callers: definition.callers,
      log,
      refused: auditRefusals(name, db, log),
    }),
  );
  await definition.begin?.(parts);
  if (config.monitoring) {
    const { host, port } = hostAndPort(config.monitoring);
    use(await serveMonitoring({ host, port, unready: () => unreachable(db) }));
  }
  log.info({ address: serving.addresses[0] }, 'service started');

  const running = stack.move();
  const [address = config.listen, ...others] = serving.addresses;
  return { address, others, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

/** Idempotency keys are kept for a day: a client that asks again later means it. */
function forgettingAnswers(db: Database, log: Logger): Disposable {
  const dayMs = 86_400_000;
  const forget = () =>
    void db
      .transaction((tx) => forgetAnswers(tx, new Date(Date.now() - dayMs)))
      .catch((error) => log.warn({ error }, 'old idempotency keys not forgotten, will try again'));
  const timer = setInterval(forget, dayMs / 24).unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

function listener(address: string, certificate: RenewingCertificate | undefined): Listener {
  if (certificate) return { address, credentials: serverCredentials(certificate), door: 'mutual-tls' };
  const path = address.replace(/^unix:/, '');
  if (path === address) throw new Error(`a service listens at ${address} only with TLS; without, at unix:/path`);
  // A socket that a killed process left behind; who else could own it is kept out by the lock on the data directory.
  rmSync(path, { force: true });
  return { address, credentials: ServerCredentials.createInsecure(), door: 'local' };
}

function connectTo(
  service: string,
  as: string,
  config: PlatformConfig,
  certificate: RenewingCertificate | undefined,
): Connection {
  const address = config.peers[service];
  if (!address)
    throw new Error(
      `the address of ${service} is not configured (GABION_PEER_${service.toUpperCase().replaceAll('-', '_')})`,
    );
  return connect({
    address,
    as,
    credentials: certificate ? clientCredentials(certificate, service) : credentials.createInsecure(),
  });
}

async function unreachable(db: Database): Promise<string | undefined> {
  try {
    await sql`select 1`.execute(db.kysely);
    return undefined;
  } catch (error) {
    return `database: ${error instanceof Error ? error.message : error}`;
  }
}

/** Making requests for certificates is loaded where there are some: inside one process there are none. */
async function joined(...of: Parameters<typeof import('./join.ts').join>): Promise<RenewingCertificate> {
  return (await import('./join.ts')).join(...of);
}

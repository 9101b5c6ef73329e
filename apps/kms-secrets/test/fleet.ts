import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { AuditRecordedSchema } from '@gabion/contracts/gabion/audit/v1/audit_pb';
import { CertificateService, type IssueCertificateRequest } from '@gabion/contracts/gabion/identity/v1/certificates_pb';
import { SealKind, SealService } from '@gabion/contracts/gabion/kms/v1/seal_pb';
import { openDatabase } from '@gabion/postgres/database';
import { connect } from '@gabion/rpc/client';
import { Implements } from '@gabion/rpc/implements';
import { serve } from '@gabion/rpc/serve';
import { createLog } from '@gabion/telemetry/log';
import { testDatabase } from '@gabion/testkit/postgres';
import { RenewingCertificate } from '@gabion/trust/certificates';
import { bootstrapCredentials, clientCredentials } from '@gabion/trust/credentials';
import { Module } from '@nestjs/common';
import { Pkcs10CertificateRequest } from '@peculiar/x509';
import { configFrom } from '../src/config.ts';
import type { Schema } from '../src/db/schema.ts';
import { start } from '../src/service.ts';
import { TestAuthority } from './authority.ts';
import { root } from './platform.ts';
import { eventsOf } from './trail.ts';

const log = createLog({ service: 'test', level: 'silent' });

/** Replicas over one PostgreSQL with certificates of one authority, which they get as in a cluster; sealed by shares. */
export async function fleet() {
  const stack = new AsyncDisposableStack();
  const dir = await mkdtemp(join(tmpdir(), 'gabion-kms-fleet-'));
  stack.defer(() => rm(dir, { recursive: true, force: true }));
  const authority = await TestAuthority.open();
  const database = stack.use(await testDatabase({ database: true }));
  const db = stack.use(openDatabase<Schema>(database.url));
  const tls = await joining(stack, authority, dir);
  const gateway = stack.use(await certificateOf('gateway', authority));

  /** One more replica, started now. */
  const replica = async () => {
    const running = stack.use(
      await start(
        configFrom({
          listen: '127.0.0.1:0',
          postgresUrl: database.url,
          bus: { kind: 'postgres', logs: {} },
          dataDir: dir,
          logLevel: 'fatal',
          tls,
        }),
      ),
    );
    const credentials = clientCredentials(gateway, 'kms-secrets');
    const connection = stack.use(connect({ address: running.address, as: 'gateway', credentials }));
    return {
      connection,
      seal: connection.client(SealService),
      isOpen: async () => !(await connection.client(SealService).getSeal({})).isSealed,
      stop: () => running[Symbol.asyncDispose](),
    };
  };
  return { db, authority, replica, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

export type Site = Awaited<ReturnType<typeof fleet>>;
export type Replica = Awaited<ReturnType<Site['replica']>>;

/** Makes a seal of which both shares are needed. */
export async function initialised({ seal }: Pick<Replica, 'seal'>): Promise<readonly Uint8Array[]> {
  const settings = { kind: SealKind.SHAMIR, threshold: 2, shares: 2 };
  return (await seal.initialize({ settings }, { caller: root })).shares;
}

/** What the trail has of replicas that were opened by others. */
export async function openings(site: Pick<Site, 'db'>) {
  const records = await eventsOf(site, AuditRecordedSchema);
  return records.filter(({ action }) => action === 'kms-secrets.open-replica');
}

function certificateOf(service: string, authority: TestAuthority): Promise<RenewingCertificate> {
  return RenewingCertificate.open({ service, issue: () => authority.issue(service), log });
}

/** Identity's bootstrap door, and what a service is told to get its certificate there. */
async function joining(stack: AsyncDisposableStack, authority: TestAuthority, dir: string) {
  const certificate = stack.use(await certificateOf('identity', authority));
  const serving = stack.use(
    await serve({
      module: identityOf(authority),
      services: [CertificateService],
      listeners: [{ address: '127.0.0.1:0', credentials: bootstrapCredentials(certificate), door: 'bootstrap' }],
      callers: {},
      log,
    }),
  );
  const [joinTokenFile, trustBundleFile] = [join(dir, 'join-token'), join(dir, 'root.pem')];
  await writeFile(joinTokenFile, 'a token');
  await writeFile(trustBundleFile, authority.root.toString('pem'));
  return { bootstrapAddress: serving.addresses[0] ?? '', joinTokenFile, trustBundleFile };
}

function identityOf(authority: TestAuthority) {
  @Implements(CertificateService)
  class CertificatesController {
    async issueCertificate({ service, csr }: IssueCertificateRequest) {
      const publicKey = await new Pkcs10CertificateRequest(new Uint8Array(csr)).publicKey.export();
      const certificate = await authority.certify(service, publicKey);
      return {
        chain: [new Uint8Array(certificate.rawData)],
        trustBundle: [new Uint8Array(authority.root.rawData)],
        renewTime: timestampFromDate(certificate.notAfter),
        expireTime: timestampFromDate(certificate.notAfter),
      };
    }
  }
  @Module({ controllers: [CertificatesController] })
  class IdentityModule {}
  return IdentityModule;
}

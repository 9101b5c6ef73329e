import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as path } from 'node:path';
import { AdvisoryService } from '@gabion/contracts/gabion/scan/v1/advisories_pb';
import { ScanService } from '@gabion/contracts/gabion/scan/v1/scans_pb';
import type { AllowedCallers } from '@gabion/rpc/admission';
import { connect } from '@gabion/rpc/client';
import { serve } from '@gabion/rpc/serve';
import { ScansModule } from '@gabion/rpc/test/scans';
import { platformConfig } from '@gabion/service/config';
import { join } from '@gabion/service/join';
import { createLog } from '@gabion/telemetry/log';
import { testDatabase } from '@gabion/testkit/postgres';
import type { RenewingCertificate } from '@gabion/trust/certificates';
import { clientCredentials, serverCredentials } from '@gabion/trust/credentials';
import { configFrom } from '../src/config.ts';
import { initSecrets } from '../src/secrets-init.ts';
import { start } from '../src/service.ts';

const log = createLog({ service: 'test', level: 'silent' });

/** Identity in distributed mode, with the secrets that `secrets init` makes for two services. */
export async function fleet({ lifetimeMs = 86_400_000 }: { lifetimeMs?: number } = {}) {
  const stack = new AsyncDisposableStack();
  const dir = await mkdtemp(path(tmpdir(), 'gabion-fleet-'));
  stack.defer(() => rm(dir, { recursive: true, force: true }));
  const secrets = path(dir, 'secrets');
  await initSecrets(secrets, ['identity', 'image-scanner', 'gateway', 'stranger']);
  const database = stack.use(await testDatabase({ database: true }));
  const config = configFrom({
    listen: '127.0.0.1:0',
    postgresUrl: database.url,
    bus: { kind: 'postgres', logs: {} },
    dataDir: dir,
    logLevel: 'fatal',
    firstAdministrator: { tokenFile: path(dir, 'administrator.token') },
    certificates: {
      caDir: path(secrets, 'identity'),
      joinTokensDir: path(secrets, 'identity'),
      bootstrapListen: '127.0.0.1:0',
      dnsNames: ['identity'],
      lifetimeMs,
    },
  });
  const identity = stack.use(await start(config));
  const bootstrap = identity.others[0] ?? '';

  /** The certificate of a service, got and renewed as every service does it. */
  const certificateOf = async (service: string): Promise<RenewingCertificate> =>
    stack.use(
      await join(
        service,
        platformConfig.parse({
          listen: '',
          postgresUrl: '',
          bus: { kind: 'postgres', logs: {} },
          dataDir: dir,
          peers: { identity: identity.address },
          tls: {
            bootstrapAddress: bootstrap,
            joinTokenFile: path(secrets, service, 'join-token'),
            trustBundleFile: path(secrets, service, 'root.pem'),
            dnsNames: [service],
          },
        }),
        log,
      ),
    );

  /** The image scanner's contracts, answered by the controllers of the rpc suite, over mutual TLS. */
  const serveScanner = async (callers: AllowedCallers) => {
    const certificate = await certificateOf('image-scanner');
    const serving = stack.use(
      await serve({
        module: ScansModule,
        services: [ScanService, AdvisoryService],
        listeners: [{ address: '127.0.0.1:0', credentials: serverCredentials(certificate), door: 'mutual-tls' }],
        callers,
        log,
      }),
    );
    return serving.addresses[0] ?? '';
  };

  return {
    dir,
    secrets,
    url: database.url,
    identity,
    bootstrap,
    certificateOf,
    serveScanner,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** A connection of a service with its certificate to the service it believes to be at the address. */
export function dial(address: string, as: string, certificate: RenewingCertificate, service: string) {
  return connect({ address, as, credentials: clientCredentials(certificate, service) });
}

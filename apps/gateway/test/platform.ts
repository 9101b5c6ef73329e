import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AuthenticationService } from '@gabion/contracts/gabion/identity/v1/authentication_pb';
import { CertificateService } from '@gabion/contracts/gabion/identity/v1/certificates_pb';
import { AdvisoryService } from '@gabion/contracts/gabion/scan/v1/advisories_pb';
import { ScanService } from '@gabion/contracts/gabion/scan/v1/scans_pb';
import { connect } from '@gabion/rpc/client';
import { serve } from '@gabion/rpc/serve';
import { createLog } from '@gabion/telemetry/log';
import { credentials, ServerCredentials } from '@grpc/grpc-js';
import type { Catalogue } from '../src/bindings.ts';
import type { GatewayConfigInput } from '../src/config.ts';
import { start } from '../src/service.ts';
import { FakeIdentity, identityModule } from './identity.ts';
import { newSeen, scannerModule } from './scanner.ts';

export const adminToken = 'gbn_administrator0001';
export const readerToken = 'gbn_reader00000000001';

export const offered = {
  identity: [AuthenticationService, CertificateService],
  'image-scanner': [ScanService, AdvisoryService],
} as const satisfies Catalogue;

/** A gateway on free ports before fakes of identity and the scanner, all over real sockets. */
export async function platform(
  config: Partial<GatewayConfigInput> = {},
  catalogue: Catalogue = offered,
  others: Readonly<Record<string, string>> = {},
) {
  await using stack = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), 'gabion-gateway-'));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const lines: string[] = [];
  const log = createLog({ service: 'test', destination: { write: (line) => void lines.push(line) } });
  const listen = (name: string) => ({
    listeners: [
      {
        address: `unix:${join(directory, name)}`,
        credentials: ServerCredentials.createInsecure(),
        door: 'local' as const,
      },
    ],
    callers: { gateway: 'for-others' as const },
    log,
  });
  const identity = new FakeIdentity()
    .with(adminToken, { id: 'admin', permissions: ['*'] })
    .with(readerToken, { id: 'reader', permissions: ['scans.get'] });
  const seen = newSeen();
  stack.use(
    await serve({
      module: identityModule(identity),
      services: [AuthenticationService, CertificateService],
      ...listen('i'),
    }),
  );
  stack.use(await serve({ module: scannerModule(seen), services: [ScanService, AdvisoryService], ...listen('s') }));
  const peers = {
    identity: `unix:${join(directory, 'i')}`,
    'image-scanner': `unix:${join(directory, 's')}`,
    ...others,
  };
  const gateway = stack.use(
    await start({ http: '127.0.0.1:0', grpc: '127.0.0.1:0', peers, ...config }, catalogue, log),
  );
  await until(() => identity.watches > 0);

  const running = stack.move();
  return {
    ...gateway,
    gateway,
    identity,
    seen,
    lines,
    directory,
    http: (path: string, init: RequestInit & { token?: string } = {}) =>
      fetch(`${gateway.url}${path}`, { ...init, headers: { ...bearer(init.token ?? adminToken), ...init.headers } }),
    grpc: () => connect({ address: gateway.grpcAddress, as: 'outsider', credentials: credentials.createInsecure() }),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

export type Platform = Awaited<ReturnType<typeof platform>>;

function bearer(token: string): Record<string, string> {
  return token ? { authorization: `Bearer ${token}` } : {};
}

/** Waits until something is so; fails the test when it never is. */
export async function until(isSo: () => boolean | Promise<boolean>, withinMs = 5000): Promise<void> {
  const end = Date.now() + withinMs;
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error(`never became so: ${isSo}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

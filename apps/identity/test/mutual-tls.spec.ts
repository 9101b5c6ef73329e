import { readFile } from 'node:fs/promises';
import { join as path } from 'node:path';
import { AuthenticationService } from '@gabion/contracts/gabion/identity/v1/authentication_pb';
import { UserService } from '@gabion/contracts/gabion/identity/v1/users_pb';
import { ScanService } from '@gabion/contracts/gabion/scan/v1/scans_pb';
import { connect } from '@gabion/rpc/client';
import { seen } from '@gabion/rpc/test/scans';
import { createLog } from '@gabion/telemetry/log';
import { RenewingCertificate } from '@gabion/trust/certificates';
import { authorityFrom, clientCredentials, joiningCredentials } from '@gabion/trust/credentials';
import { credentials } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Authority } from '../src/authority.ts';
import { ownCertificate } from '../src/own-certificate.ts';
import { dial, fleet } from './fleet.ts';
import { faultOf, root } from './platform.ts';

const log = createLog({ service: 'test', level: 'silent' });
const target = { case: 'image' as const, value: 'alpine:3' };

describe('certificates that live for seconds', () => {
  it('renew under load without a dropped request', async () => {
    await using own = await fleet({ lifetimeMs: 4000 });
    const address = await own.serveScanner({ gateway: 'for-others' });
    const certificate = await own.certificateOf('gateway');
    const certificates = new Set<string>();
    certificate.addIdentityCertificateListener((update) => {
      if (update) certificates.add(update.certificate.toString());
    });
    using standing = dial(address, 'gateway', certificate, 'image-scanner');
    const scans = standing.client(ScanService);
    const until = Date.now() + 12_000;
    const mayGoOn = () => certificates.size < 5 && Date.now() < until;

    let chunks = 0;
    const upload = scans.uploadImage(
      (async function* () {
        while (mayGoOn()) {
          yield { part: { case: 'chunk' as const, value: new Uint8Array(10) } };
          chunks++;
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      })(),
      { caller: root },
    );
    // CreateScan without an idempotency key: the client repeats none of these, so a dropped one is a failure.
    const failures: unknown[] = [];
    seen.attempts = 0;
    let requests = 0;
    for (; mayGoOn() || requests < 500; requests++) {
      using fresh = requests % 10 === 0 ? dial(address, 'gateway', certificate, 'image-scanner') : undefined;
      const client = fresh?.client(ScanService) ?? scans;
      await client.createScan({ target }, { caller: root }).catch((error: unknown) => failures.push(error));
    }
    expect(failures).toEqual([]);
    expect(certificates.size).toBeGreaterThanOrEqual(4);
    expect(requests).toBeGreaterThanOrEqual(500);
    expect(seen.attempts).toBe(requests);
    expect(await upload).toMatchObject({ size: BigInt(chunks * 10) });
    expect(chunks).toBeGreaterThan(500);
  }, 60_000);
});

describe('mutual TLS', () => {
  let own: Awaited<ReturnType<typeof fleet>>;
  let scanner: string;
  let gateway: RenewingCertificate;
  let rootPem: Buffer;
  beforeAll(async () => {
    own = await fleet();
    scanner = await own.serveScanner({ gateway: 'for-others', delivery: 'for-itself' });
    gateway = await own.certificateOf('gateway');
    rootPem = await readFile(path(own.secrets, 'gateway', 'root.pem'));
  });
  afterAll(async () => {
    await own[Symbol.asyncDispose]();
  });

  const create = (connection: ReturnType<typeof connect>) =>
    faultOf(connection.client(ScanService).createScan({ target }, { caller: root, deadlineMs: 3000 }));

  it('lets a service in that is on the list, by the name in its certificate and not the one it gives', async () => {
    using named = dial(scanner, 'delivery', gateway, 'image-scanner');
    seen.calls.length = 0;
    await named.client(ScanService).createScan({ target }, { caller: root });
    expect(seen.calls[0]).toMatchObject({ peer: 'gateway', caller: { id: 'local' } });
  });

  it('refuses a service that is not on the list', async () => {
    using stranger = dial(scanner, 'gateway', await own.certificateOf('stranger'), 'image-scanner');
    expect(await create(stranger)).toMatchObject({ kind: 'permission_denied', code: 'service_not_allowed' });
  });

  it('refuses a server that is another service than the one called', async () => {
    using lost = dial(scanner, 'gateway', gateway, 'identity');
    expect(await create(lost)).toMatchObject({ kind: 'unavailable' });
  });

  it('refuses a client without a certificate', async () => {
    using bare = connect({
      address: own.identity.address,
      as: 'gateway',
      credentials: joiningCredentials(authorityFrom(rootPem)),
    });
    const fault = await faultOf(bare.client(AuthenticationService).whoAmI({}, { caller: root, deadlineMs: 3000 }));
    expect(fault.kind).toBe('unavailable');
  });

  it('refuses a client that speaks no TLS', async () => {
    using plain = connect({ address: scanner, as: 'gateway', credentials: credentials.createInsecure() });
    expect(['unavailable', 'deadline_exceeded']).toContain((await create(plain)).kind);
  });

  it('refuses a certificate that has expired', async () => {
    using expired = await heldBy(path(own.secrets, 'identity'), () => new Date(Date.now() - 3_600_000));
    using late = dial(scanner, 'identity', expired, 'image-scanner');
    expect(await create(late)).toMatchObject({ kind: 'unavailable' });
    using valid = await heldBy(path(own.secrets, 'identity'), () => new Date());
    using inTime = dial(scanner, 'identity', valid, 'image-scanner');
    expect(await create(inTime)).toMatchObject({ code: 'service_not_allowed' });
  });

  it('refuses a certificate of another authority', async () => {
    using foreign = await heldBy(path(own.dir, 'other-authority'), () => new Date());
    const mixed = {
      ...authorityFrom(rootPem),
      addIdentityCertificateListener: foreign.addIdentityCertificateListener.bind(foreign),
      removeIdentityCertificateListener: foreign.removeIdentityCertificateListener.bind(foreign),
    };
    using forged = connect({
      address: scanner,
      as: 'gateway',
      credentials: clientCredentials(mixed, 'image-scanner'),
    });
    expect(await create(forged)).toMatchObject({ kind: 'unavailable' });
  });

  it('serves nothing but anonymous methods at the bootstrap door, whoever one claims to be', async () => {
    using joining = connect({
      address: own.bootstrap,
      as: 'gateway',
      credentials: joiningCredentials(authorityFrom(rootPem)),
    });
    const calls = [
      joining.client(AuthenticationService).whoAmI({}, { caller: root }),
      joining.client(AuthenticationService).authenticate({ token: 'gbn_x' }, { caller: root }),
      joining.client(UserService).createUser({ name: 'mallory', roles: ['administrator'] }, { caller: root }),
    ];
    for (const call of calls) expect(await faultOf(call)).toMatchObject({ kind: 'unauthenticated' });
    using withCertificate = dial(own.bootstrap, 'gateway', gateway, 'identity');
    const fault = await faultOf(withCertificate.client(UserService).listUsers({}, { caller: root }));
    expect(fault).toMatchObject({ kind: 'unauthenticated' });
  });

  /** A certificate of identity, of the authority in `dir`, issued at `now` for a minute. */
  async function heldBy(dir: string, now: () => Date): Promise<RenewingCertificate> {
    return await ownCertificate(await Authority.open({ dir, lifetimeMs: 60_000, now }), [], log);
  }
});

import 'reflect-metadata';
import { X509Certificate as NodeCertificate } from 'node:crypto';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join as path } from 'node:path';
import { connect as connectTls, createServer } from 'node:tls';
import { timestampDate } from '@bufbuild/protobuf/wkt';
import { CertificateService } from '@gabion/contracts/gabion/identity/v1/certificates_pb';
import { openDatabase } from '@gabion/postgres/database';
import { type Connection, connect } from '@gabion/rpc/client';
import { authorityFrom, joiningCredentials } from '@gabion/trust/credentials';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  PemConverter,
  Pkcs10CertificateRequestGenerator,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { joinTokenFile } from '../src/join-tokens.ts';
import { dial, fleet } from './fleet.ts';
import { eventually, faultOf, trail } from './platform.ts';

let own: Awaited<ReturnType<typeof fleet>>;
let bootstrap: Connection;
let joinToken: string;
beforeAll(async () => {
  own = await fleet();
  const pem = await readFile(path(own.secrets, 'gateway', 'root.pem'));
  bootstrap = connect({
    address: own.bootstrap,
    as: 'gateway',
    credentials: joiningCredentials(authorityFrom(pem)),
  });
  joinToken = (await readFile(path(own.secrets, 'gateway', 'join-token'), 'utf8')).trim();
});
afterAll(async () => {
  bootstrap[Symbol.dispose]();
  await own[Symbol.asyncDispose]();
});

const p256 = { name: 'ECDSA', namedCurve: 'P-256' };
const ecdsa = { name: 'ECDSA', hash: 'SHA-256' };

async function request(algorithm: object = p256, signingAlgorithm: object = ecdsa): Promise<Uint8Array<ArrayBuffer>> {
  const keys = await crypto.subtle.generateKey(algorithm as typeof p256, true, ['sign', 'verify']);
  const csr = await Pkcs10CertificateRequestGenerator.create({
    // What a request says of itself counts for nothing: only the key does.
    name: 'CN=identity',
    keys,
    signingAlgorithm: signingAlgorithm as typeof ecdsa,
    extensions: [
      new SubjectAlternativeNameExtension([{ type: 'url', value: 'spiffe://gabion.local/service/identity' }]),
    ],
  });
  return new Uint8Array(csr.rawData);
}

const issue = async (
  fields: { service?: string; csr?: Uint8Array<ArrayBuffer>; joinToken?: string; dnsNames?: string[] } = {},
) =>
  bootstrap.client(CertificateService).issueCertificate({
    service: 'gateway',
    joinToken,
    dnsNames: ['gateway'],
    ...fields,
    csr: fields.csr ?? (await request()),
  });

describe('a certificate', () => {
  it('is an X.509-SVID of the service, for a day', async () => {
    const answer = await issue({ dnsNames: ['gateway', 'Gateway.gabion.svc', 'gabion-gateway'] });
    const [leaf] = answer.chain.map((der) => new NodeCertificate(der));
    const [authority] = answer.trustBundle.map((der) => new NodeCertificate(der));
    if (!leaf || !authority) throw new Error('no certificates');
    expect(leaf.subjectAltName).toBe(
      'URI:spiffe://gabion.local/service/gateway, DNS:gateway, DNS:gateway.gabion.svc, DNS:gabion-gateway',
    );
    expect(leaf.subject).toBe('CN=gateway');
    expect(leaf.ca).toBe(false);
    expect(leaf.keyUsage?.toSorted()).toEqual(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
    expect(leaf.serialNumber).toHaveLength(32);
    expect(leaf.verify(authority.publicKey)).toBe(true);
    expect(leaf.checkIssued(authority)).toBe(true);
    expect(authority.ca).toBe(true);
    const [from, to] = [Date.parse(leaf.validFrom), Date.parse(leaf.validTo)];
    expect(to - Date.now()).toBeGreaterThan(86_390_000);
    expect(Date.now() - from).toBeGreaterThanOrEqual(299_000);
    if (!answer.expireTime || !answer.renewTime) throw new Error('no times');
    expect(timestampDate(answer.expireTime).getTime()).toBe(to);
    expect(Math.abs(timestampDate(answer.renewTime).getTime() - Date.now() - 43_200_000)).toBeLessThan(10_000);
    expect(new NodeCertificate((await issue()).chain[0] ?? new Uint8Array()).serialNumber).not.toBe(leaf.serialNumber);
  });

  it('is recorded with its serial number and how the service proved itself', async () => {
    await using db = openDatabase(own.url);
    const { chain } = await issue();
    const { serialNumber } = new NodeCertificate(chain[0] ?? new Uint8Array());
    const records = await trail(db, 'certificates/gateway');
    expect(records.at(-1)?.details).toMatchObject({ proof: 'join_token', serial: serialNumber.toLowerCase() });
  });

  it('is renewed with the one at hand, and only in its own name', async () => {
    using scanner = dial(own.identity.address, 'image-scanner', await own.certificateOf('image-scanner'), 'identity');
    const client = scanner.client(CertificateService);
    const renewed = await client.issueCertificate({ service: 'image-scanner', csr: await request() });
    expect(renewed.chain).toHaveLength(1);
    for (const token of ['', joinToken]) {
      const fault = await faultOf(
        client.issueCertificate({ service: 'gateway', csr: await request(), joinToken: token }),
      );
      expect(fault).toMatchObject({ kind: 'permission_denied', code: 'certificate_not_own' });
    }
  });

  it('is refused without the join token of that very service', async () => {
    const wrong = [
      { joinToken: '' },
      { joinToken: `${joinToken}x` },
      { service: 'image-scanner' },
      { service: 'identity' },
      { service: 'identity', joinToken: '' },
      { service: 'nobody' },
    ];
    for (const fields of wrong)
      expect(await faultOf(issue(fields))).toMatchObject({ kind: 'permission_denied', code: 'join_token_invalid' });
    expect(await faultOf(issue({ service: '../gateway' }))).toMatchObject({ code: 'field_invalid' });
    await using db = openDatabase(own.url);
    await eventually(async () => {
      const denied = await trail(db, 'gabion.identity.v1.CertificateService');
      return denied.filter(({ code }) => code === 'join_token_invalid').length >= wrong.length;
    });
  });

  it('is refused to a join token that anybody could guess, an empty one included', async () => {
    for (const weak of ['', 'short']) {
      await writeFile(joinTokenFile(path(own.secrets, 'identity'), 'weak'), weak);
      expect(await faultOf(issue({ service: 'weak', joinToken: weak }))).toMatchObject({ code: 'join_token_invalid' });
    }
  });

  it('is refused for a request that is none, is not signed by its key, or has another kind of key', async () => {
    const tampered = await request();
    tampered[tampered.length - 1]! ^= 1;
    const rsa = {
      name: 'RSASSA-PKCS1-v1_5',
      modulusLength: 2048,
      publicExponent: new Uint8Array([1, 0, 1]),
      hash: 'SHA-256',
    };
    const requests = [
      new Uint8Array([1, 2, 3]),
      tampered,
      await request({ name: 'ECDSA', namedCurve: 'P-521' }, { name: 'ECDSA', hash: 'SHA-512' }),
      await request(rsa, { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }),
    ];
    for (const csr of requests)
      expect(await faultOf(issue({ csr }))).toMatchObject({ kind: 'invalid_argument', code: 'csr_invalid' });
    expect((await issue({ csr: await request({ name: 'ECDSA', namedCurve: 'P-384' }) })).chain).toHaveLength(1);
  });

  it('is refused for the address of another service', async () => {
    for (const name of ['identity', 'identity.gateway', 'gateway-evil', '*.gateway', 'gateway..svc', 'gateway\n'])
      expect(await faultOf(issue({ dnsNames: [name] }))).toMatchObject({ code: 'dns_name_not_own' });
  });
});

describe('the authority', () => {
  it('cannot certify another trust domain', async () => {
    const dir = path(own.secrets, 'identity');
    const pem = await readFile(path(dir, 'root.pem'), 'utf8');
    const pkcs8 = PemConverter.decodeFirst(await readFile(path(dir, 'root.key'), 'utf8'));
    const signingKey = await crypto.subtle.importKey('pkcs8', pkcs8, p256, false, ['sign']);
    const handshake = async (uri: string) => {
      const keys = await crypto.subtle.generateKey(p256, true, ['sign', 'verify']);
      const leaf = await X509CertificateGenerator.create({
        issuer: 'CN=Gabion gabion.local',
        subject: 'CN=leaf',
        publicKey: keys.publicKey,
        signingKey,
        signingAlgorithm: ecdsa,
        extensions: [new SubjectAlternativeNameExtension([{ type: 'url', value: uri }])],
      });
      const key = PemConverter.encode(await crypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY');
      return await tlsOutcome(leaf.toString('pem'), key, pem);
    };
    expect(await handshake('spiffe://gabion.local/service/x')).toBe('connected');
    expect(await handshake('spiffe://evil.example/service/x')).toMatch(/permitted subtree violation/i);
  });
});

/** How a client that trusts `ca` fares with a server of that certificate. */
async function tlsOutcome(cert: string, key: string, ca: string): Promise<string> {
  const server = createServer({ cert, key }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const socket = connectTls({ host: '127.0.0.1', port, ca, checkServerIdentity: () => undefined });
  try {
    await once(socket, 'secureConnect');
    return 'connected';
  } catch (error) {
    return (error as Error).message;
  } finally {
    socket.destroy();
    server.close();
  }
}

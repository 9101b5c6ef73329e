import 'reflect-metadata';
import { readFile } from 'node:fs/promises';
import { timestampDate } from '@bufbuild/protobuf/wkt';
import {
  CertificateService,
  type IssueCertificateResponse,
} from '@gabion/contracts/gabion/identity/v1/certificates_pb';
import { type Connection, connect } from '@gabion/rpc/client';
import type { Logger } from '@gabion/telemetry/log';
import { type IssuedCertificate, RenewingCertificate } from '@gabion/trust/certificates';
import { authorityFrom, clientCredentials, joiningCredentials } from '@gabion/trust/credentials';
import { PemConverter, Pkcs10CertificateRequestGenerator } from '@peculiar/x509';
import type { PlatformConfig } from './config.ts';

/**
 * Gets the service's certificate from identity and keeps it renewed. The first time the service shows its join token
 * at the bootstrap door; afterwards its certificate, and the token again only if the certificate has expired.
 */
export async function join(
  service: string,
  config: Pick<PlatformConfig, 'peers' | 'tls'>,
  log: Logger,
): Promise<RenewingCertificate> {
  const { tls } = config;
  if (!tls) throw new Error('a service joins the platform only with TLS configured');
  let certificate: RenewingCertificate | undefined;
  const issue = async (): Promise<IssuedCertificate> => {
    const isValid = certificate && certificate.current.expireTime.getTime() > Date.now();
    const identity = config.peers.identity;
    if (certificate && isValid && identity) {
      using connection = connect({
        address: identity,
        as: service,
        credentials: clientCredentials(certificate, 'identity'),
      });
      return await request(connection, service, tls.dnsNames, '');
    }
    const authority = authorityFrom(await readFile(tls.trustBundleFile));
    using connection = connect({
      address: tls.bootstrapAddress,
      as: service,
      credentials: joiningCredentials(authority),
    });
    return await request(connection, service, tls.dnsNames, (await readFile(tls.joinTokenFile, 'utf8')).trim());
  };
  certificate = await RenewingCertificate.open({ service, issue, log });
  return certificate;
}

async function request(
  connection: Connection,
  service: string,
  dnsNames: string[],
  joinToken: string,
): Promise<IssuedCertificate> {
  const keys = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
  const csr = await Pkcs10CertificateRequestGenerator.create({
    name: `CN=${service}`,
    keys,
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
  });
  const answer = await connection
    .client(CertificateService)
    .issueCertificate({ service, csr: new Uint8Array(csr.rawData), joinToken, dnsNames });
  const privateKey = PemConverter.encode(await crypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY');
  return issued(answer, privateKey);
}

function issued(answer: IssueCertificateResponse, privateKey: string): IssuedCertificate {
  const pem = (certificates: Uint8Array[]) =>
    Buffer.from(certificates.map((der) => PemConverter.encode(new Uint8Array(der), 'CERTIFICATE')).join('\n'));
  if (!answer.renewTime || !answer.expireTime) throw new Error('identity answered a certificate without times');
  return {
    certificate: pem(answer.chain),
    privateKey: Buffer.from(privateKey),
    trustBundle: pem(answer.trustBundle),
    renewTime: timestampDate(answer.renewTime),
    expireTime: timestampDate(answer.expireTime),
  };
}

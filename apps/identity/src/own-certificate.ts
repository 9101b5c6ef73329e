import 'reflect-metadata';
import type { Logger } from '@gabion/telemetry/log';
import { RenewingCertificate } from '@gabion/trust/certificates';
import { PemConverter } from '@peculiar/x509';
import type { Authority } from './authority.ts';
import { dnsNamesOf } from './dns-names.ts';

/** Identity's own certificate, which it issues to itself and renews. */
export async function ownCertificate(
  authority: Authority,
  wantedNames: readonly string[],
  log: Logger,
): Promise<RenewingCertificate> {
  const service = 'identity';
  const dnsNames = dnsNamesOf(service, wantedNames);
  const issue = async () => {
    const keys = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
    const { certificate, ...times } = await authority.issue({ service, dnsNames, publicKey: keys.publicKey });
    const key = PemConverter.encode(await crypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY');
    return {
      certificate: Buffer.from(certificate.toString('pem')),
      privateKey: Buffer.from(key),
      trustBundle: Buffer.from(authority.root.toString('pem')),
      ...times,
    };
  };
  return await RenewingCertificate.open({ service, issue, log });
}

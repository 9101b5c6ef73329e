import type { PeerCertificate } from 'node:tls';

/** The trust domain of an installation unless configured otherwise. */
export const defaultTrustDomain = 'gabion.local';

/** SPIFFE ID of a service of Gabion (SPIFFE-ID §2): spiffe://<trust domain>/service/<name>. */
export function serviceId(service: string, trustDomain: string = defaultTrustDomain): string {
  return `spiffe://${trustDomain}/service/${service}`;
}

/**
 * The service that a verified peer certificate names: the one URI SAN of an X.509-SVID (X509-SVID §2 allows exactly
 * one); undefined when there is none, more than one, or it is of another trust domain.
 */
export function serviceOf(
  certificate: Pick<PeerCertificate, 'subjectaltname'>,
  trustDomain: string = defaultTrustDomain,
): string | undefined {
  const uris = (certificate.subjectaltname ?? '')
    .split(', ')
    .filter((name) => name.startsWith('URI:'))
    .map((name) => name.slice('URI:'.length));
  const [uri] = uris;
  const prefix = serviceId('', trustDomain);
  if (uris.length !== 1 || !uri?.startsWith(prefix)) return undefined;
  const service = uri.slice(prefix.length);
  return /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(service) ? service : undefined;
}

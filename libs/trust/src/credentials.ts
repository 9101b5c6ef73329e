import { type ChannelCredentials, experimental, type ServerCredentials } from '@grpc/grpc-js';
import { defaultTrustDomain, serviceId, serviceOf } from './spiffe.ts';

/** Server side of mutual TLS: a client without a certificate of the platform's own authority is turned away. */
export function serverCredentials(certificate: experimental.CertificateProvider): ServerCredentials {
  return experimental.createCertificateProviderServerCredentials(certificate, certificate, true);
}

/** Server side of TLS for the one door that must open before a service has a certificate. */
export function bootstrapCredentials(certificate: experimental.CertificateProvider): ServerCredentials {
  return experimental.createCertificateProviderServerCredentials(certificate, certificate, false);
}

/** Client side of mutual TLS to `service`: any other service at that address is refused, whatever its DNS name. */
export function clientCredentials(
  certificate: experimental.CertificateProvider,
  service: string,
  trustDomain: string = defaultTrustDomain,
): ChannelCredentials {
  return experimental.createCertificateProviderChannelCredentials(
    certificate,
    certificate,
    verifying(service, trustDomain),
  );
}

/** Client side of TLS for asking for the first certificate: the roots are known, an own certificate is not there yet. */
export function joiningCredentials(
  authority: experimental.CertificateProvider,
  trustDomain: string = defaultTrustDomain,
): ChannelCredentials {
  return experimental.createCertificateProviderChannelCredentials(authority, null, verifying('identity', trustDomain));
}

function verifying(service: string, trustDomain: string) {
  return {
    checkServerIdentity: (_host: string, peer: { subjectaltname?: string }) =>
      serviceOf(peer as never, trustDomain) === service
        ? undefined
        : new Error(`the server is not ${serviceId(service, trustDomain)} but ${peer.subjectaltname ?? 'unnamed'}`),
  };
}

/** Roots from a file, for the first contact, as the provider that credentials ask for. */
export function authorityFrom(pem: Buffer): experimental.CertificateProvider {
  return {
    addCaCertificateListener: (listener) => listener({ caCertificate: pem }),
    removeCaCertificateListener: () => {},
    addIdentityCertificateListener: (listener) => listener(null),
    removeIdentityCertificateListener: () => {},
  };
}

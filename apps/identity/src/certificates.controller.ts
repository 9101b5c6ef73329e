import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { CertificateService, type IssueCertificateRequest } from '@gabion/contracts/gabion/identity/v1/certificates_pb';
import type { Call } from '@gabion/rpc/call';
import { Implements } from '@gabion/rpc/implements';
import { audit } from '@gabion/service/audit';
import { Inject } from '@nestjs/common';
import { keyIn } from './certificate-request.ts';
import { type Database, database } from './db/schema.ts';
import { dnsNamesOf } from './dns-names.ts';
import { Registrar } from './registrar.ts';

@Implements(CertificateService)
export class CertificatesController {
  constructor(
    private readonly registrar: Registrar,
    @Inject(database) private readonly db: Database,
  ) {}

  async issueCertificate({ service, csr, joinToken, dnsNames: wanted }: IssueCertificateRequest, call: Call) {
    const { authority, proof } = await this.registrar.admit(service, call.peer, joinToken);
    const dnsNames = dnsNamesOf(service, wanted);
    const { certificate, renewTime, expireTime } = await authority.issue({
      service,
      dnsNames,
      publicKey: await keyIn(csr),
    });
    await this.db.transaction((tx) =>
      audit(tx, call, {
        service: 'identity',
        resource: `certificates/${service}`,
        details: {
          proof,
          serial: certificate.serialNumber,
          expires: expireTime.toISOString(),
          dns_names: dnsNames.join(' '),
        },
      }),
    );
    return {
      chain: [new Uint8Array(certificate.rawData)],
      trustBundle: [new Uint8Array(authority.root.rawData)],
      renewTime: timestampFromDate(renewTime),
      expireTime: timestampFromDate(expireTime),
    };
  }
}

import type { RenewingCertificate } from '@gabion/trust/certificates';
import { type Signed, signerOf, signStatement } from '@gabion/trust/statement';
import type { Clock } from '../../area.ts';

/** The replicas of this service, known to each other by the certificates of the platform. */
export class Replicas {
  constructor(
    private readonly certificate: RenewingCertificate,
    private readonly now: Clock,
  ) {}

  sign(statement: Buffer): Signed {
    return signStatement(statement, this.certificate.current);
  }

  /** Whether a replica signed it, with a certificate that is good at this moment. */
  isOfReplica(statement: Buffer, signed: Signed): boolean {
    const { trustBundle } = this.certificate.current;
    return signerOf(statement, signed, { trustBundle, now: this.now() }) === 'kms-secrets';
  }
}

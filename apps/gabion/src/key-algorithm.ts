import { MacAlgorithm, SignatureAlgorithm } from '@gabion/contracts/gabion/kms/v1/operations_pb';
import { enumNames } from './enum-names.ts';

const signatures = enumNames<SignatureAlgorithm>(SignatureAlgorithm);
const macs = enumNames<MacAlgorithm>(MacAlgorithm);

/** The algorithm of a name among `signatureAlgorithmNames`; the key's usual one without a name. */
export function signatureAlgorithmOf(name: string | undefined): SignatureAlgorithm {
  return (name && signatures.of(name)) || SignatureAlgorithm.UNSPECIFIED;
}

/** The algorithm of a name among `macAlgorithmNames`; HMAC with SHA-256 without a name. */
export function macAlgorithmOf(name: string | undefined): MacAlgorithm {
  return (name && macs.of(name)) || MacAlgorithm.UNSPECIFIED;
}

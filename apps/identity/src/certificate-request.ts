import 'reflect-metadata';
import type { webcrypto } from 'node:crypto';
import { Fault } from '@gabion/rpc/fault';
import { Pkcs10CertificateRequest } from '@peculiar/x509';

/** Curves whose keys are certified. */
const curves = ['P-256', 'P-384'];

/** The key of a PKCS #10 request, once its owner's signature over the request is verified. Nothing else of it counts. */
export async function keyIn(der: Uint8Array): Promise<webcrypto.CryptoKey> {
  try {
    const request = new Pkcs10CertificateRequest(new Uint8Array(der));
    const key = await request.publicKey.export();
    const { name, namedCurve } = key.algorithm as webcrypto.EcKeyAlgorithm;
    if (name !== 'ECDSA' || !curves.includes(namedCurve))
      throw invalid(`must hold an ECDSA key on ${curves.join(' or ')}`);
    if (!(await request.verify())) throw invalid('is not signed by the key it holds');
    return key;
  } catch (error) {
    throw error instanceof Fault ? error : invalid('is not a PKCS #10 request', error);
  }
}

function invalid(message: string, cause?: unknown): Fault {
  return new Fault('invalid_argument', `the request ${message}`, {
    code: 'csr_invalid',
    fields: [{ field: 'csr', code: 'csr_invalid', message }],
    cause,
  });
}

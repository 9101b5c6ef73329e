import { createSecretKey } from 'node:crypto';
import { create, toBinary } from '@bufbuild/protobuf';
import { DecryptRequestSchema, EncryptRequestSchema } from '@gabion/contracts/k8s.io/kms/apis/v2/api_pb';
import { open } from '@gabion/keys/aead';
import { decapsulate } from '@gabion/keys/agreement';
import { readEnvelope } from '@gabion/keys/envelope';
import { openSealed } from '@gabion/keys/hpke';
import { privateKeyOf } from '@gabion/keys/material';
import { unwrapFromTransport } from '@gabion/keys/transport';
import { unwrap, type Wrapping, wrap } from '@gabion/keys/wrapping';
import { requestOf } from '../../../apps/kms-plugin/src/requests.ts';
import { opened } from '../../../apps/kms-plugin/src/seed-cipher.ts';
import {
  ciphertexts,
  material,
  rsaKey,
  sealed,
  seedCiphertext,
  seedKeys,
  transported,
  wrappedBytes,
} from '../kms-samples.ts';
import type { Target } from '../target.ts';

const context = new Map([['tenant', 'a']]);
const kmsKeyId = 'gabion:c:1:k:1';
const secret = createSecretKey(material);
const recipient = seedKeys.x25519.subarray(-32);
const rsa = privateKeyOf('rsa-2048', rsaKey);
const mlKem = privateKeyOf('ml-kem-768', seedKeys.mlKem768);
const kmsRequests = [
  toBinary(
    DecryptRequestSchema,
    create(DecryptRequestSchema, { ciphertext: seedCiphertext, uid: 'u', keyId: kmsKeyId }),
  ),
  toBinary(EncryptRequestSchema, create(EncryptRequestSchema, { plaintext: wrappedBytes, uid: 'u' })),
].map((bytes) => Buffer.from(bytes));

/** Opens `samples` and refuses whatever else a mutation made of them. */
function closed(
  name: string,
  samples: readonly Buffer[],
  openIt: (input: Buffer) => Uint8Array | Promise<Uint8Array>,
): Target {
  return {
    name,
    samples,
    errors: ['KeyError', 'ProviderError'],
    async run(input) {
      const plaintext = await openIt(input);
      if (!samples.some((sample) => input.equals(sample))) throw new Error('a changed ciphertext opened');
      return plaintext.length > 0;
    },
  };
}

/** Ciphertexts as callers bring them: none but the unchanged ones open. */
export const ciphertextTargets: readonly Target[] = [
  closed('ciphertext', ciphertexts, (input) => {
    const { algorithm, id, version } = readEnvelope(input);
    return open(material, { algorithm, id, version }, input, context);
  }),
  ...(['aes-256-kw', 'aes-256-kwp'] as const).map((wrapping: Wrapping) =>
    closed(wrapping, [wrap(wrapping, material, wrappedBytes)], (input) => unwrap(wrapping, material, input)),
  ),
  closed('key-transport', [transported], (input) => unwrapFromTransport(rsa, input)),
  closed('hpke', [sealed], (input) => openSealed(recipient, input, { info: 'fuzz', aad: 'fuzz' })),
  closed('kms-v2-ciphertext', [seedCiphertext], (input) => opened(secret, kmsKeyId, input)),
  {
    name: 'kms-v2-request',
    samples: kmsRequests,
    errors: ['ProviderError'],
    run(input) {
      const asEncryption = requestOf(EncryptRequestSchema, input);
      const { ciphertext, keyId } = requestOf(DecryptRequestSchema, input);
      if (wrappedBytes.equals(asEncryption.plaintext)) return true;
      opened(secret, keyId, ciphertext);
      if (keyId !== kmsKeyId || !seedCiphertext.equals(ciphertext)) throw new Error('a changed ciphertext opened');
      return true;
    },
  },
  {
    name: 'ml-kem-ciphertext',
    samples: [Buffer.alloc(1088, 5)],
    errors: ['KeyError'],
    // FIPS 203 section 6.3: a changed one answers another secret.
    run: (input) => decapsulate(mlKem, input).length === 32,
  },
];

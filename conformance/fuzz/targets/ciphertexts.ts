import { open } from '@gabion/keys/aead';
import { readEnvelope } from '@gabion/keys/envelope';
import type { Target } from '../target.ts';

const material = Buffer.alloc(32, 7);
const context = new Map([['tenant', 'a']]);
// AES-256-GCM by the key above, of "plaintext": equal bytes in each run, so that a round can be repeated.
const sample = Buffer.from(
  '01010f8fad5bd9cb469fa16570867728950e00000003820cfce6e635309abf256f33b473fa192c166a7913365102b9d56743f8b96afcc95d0756b3',
  'hex',
);

/** Ciphertexts as callers bring them: none but the unchanged one opens. */
export const ciphertextTargets: readonly Target[] = [
  {
    name: 'ciphertext',
    samples: [sample],
    errors: ['KeyError'],
    run(input) {
      const { algorithm, id, version } = readEnvelope(input);
      const plaintext = open(material, { algorithm, id, version }, input, context);
      if (!input.equals(sample)) throw new Error('a changed ciphertext opened');
      return plaintext.length > 0;
    },
  },
];

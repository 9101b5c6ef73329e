import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { openSealed, sealTo } from './hpke.ts';

const context = { info: 'shares of the seal', aad: 'generation 1' };

describe('hpke', () => {
  it('opens with the key and context it was sealed to, and with nothing else', async () => {
    const recipient = pair();
    const sealed = await sealTo(recipient.publicKey, Buffer.from('a share'), context);
    expect((await openSealed(recipient.privateKey, sealed, context)).toString()).toBe('a share');
    const refused = { code: 'ciphertext_refused' };
    await expect(openSealed(pair().privateKey, sealed, context)).rejects.toMatchObject(refused);
    await expect(openSealed(recipient.privateKey, sealed, { ...context, aad: '' })).rejects.toMatchObject(refused);
    await expect(openSealed(recipient.privateKey, sealed.subarray(1), context)).rejects.toMatchObject(refused);
    await expect(openSealed(recipient.privateKey, Buffer.alloc(0), context)).rejects.toMatchObject(refused);
  });

  it('puts 32 bytes of encapsulated key before the text and a tag of 16 behind it', async () => {
    const sealed = await sealTo(pair().publicKey, Buffer.alloc(10), context);
    expect(sealed).toHaveLength(32 + 10 + 16);
  });

  it.each([[Buffer.alloc(32)], [Buffer.alloc(31)], [Buffer.alloc(0)]])(
    'seals to no key that is none: %p',
    async (key) => {
      await expect(sealTo(key, Buffer.from('x'), context)).rejects.toMatchObject({ code: 'key_malformed' });
    },
  );
});

function pair() {
  const { publicKey, privateKey } = generateKeyPairSync('x25519');
  const raw = (member: string | undefined) => Buffer.from(member ?? '', 'base64url');
  return {
    publicKey: raw(publicKey.export({ format: 'jwk' }).x),
    privateKey: raw(privateKey.export({ format: 'jwk' }).d),
  };
}

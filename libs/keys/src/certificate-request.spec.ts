import { execFileSync } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';
import { certificateRequest } from './certificate-request.ts';
import { generateMaterial, type PrivateType, privateKeyOf } from './material.ts';
import { pemOf, publicKeyOf } from './public-key.ts';

async function keysOf(type: PrivateType) {
  const material = await generateMaterial(type);
  return [privateKeyOf(type, material), publicKeyOf(type, material)] as const;
}

const openssl = (pem: string, ...args: string[]) =>
  execFileSync('openssl', ['req', '-verify', '-noout', ...args], { input: pem, encoding: 'utf8', stdio: 'pipe' });

describe('a certificate request', () => {
  it.each<PrivateType>(['rsa-2048', 'ecdsa-p256', 'ecdsa-p384', 'ecdsa-p521', 'ed25519'])(
    'of %s is one to OpenSSL, for this key, subject and names',
    async (type) => {
      const [key, publicKey] = await keysOf(type);
      const subject = 'CN=db.example,O=Example';
      const pem = await certificateRequest(key, publicKey, { subject, dnsNames: ['db.example', '*.db.example'] });
      const text = openssl(pem, '-text');
      expect(text).toContain('DNS:db.example, DNS:*.db.example');
      expect(text).toMatch(/CN ?= ?db.example/);
      expect(openssl(pem, '-pubkey').trim()).toBe(pemOf(publicKey).trim());
    },
  );

  it.each<[string, string, readonly string[]]>([
    ['a subject that is none', 'db.example', []],
    ['a name with a line break', 'CN=x', ['a\nb']],
    ['a name of another kind', 'CN=x', ['https://x']],
    ['a wildcard within', 'CN=x', ['a.*.example']],
  ])('is refused for %s', async (_, subject, dnsNames) => {
    const [key, publicKey] = await keysOf('ed25519');
    const refused = expect.objectContaining({ code: 'subject_malformed' });
    await expect(certificateRequest(key, publicKey, { subject, dnsNames })).rejects.toEqual(refused);
  });

  it('is not made with a key that signs none', async () => {
    const [key, publicKey] = await keysOf('x25519');
    const refused = expect.objectContaining({ code: 'algorithm_unknown' });
    await expect(certificateRequest(key, publicKey, { subject: 'CN=x', dnsNames: [] })).rejects.toEqual(refused);
  });
});

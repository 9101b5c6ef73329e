import 'reflect-metadata';
import { execFileSync, spawnSync } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';
import { Pkcs10CertificateRequest } from '@peculiar/x509';
import { certificateRequest } from './certificate-request.ts';
import { generateMaterial, type PrivateType, privateKeyOf } from './material.ts';
import { pemOf, publicKeyOf } from './public-key.ts';

async function keysOf(type: PrivateType) {
  const material = await generateMaterial(type);
  return [privateKeyOf(type, material), publicKeyOf(type, material)] as const;
}

const missing = spawnSync('openssl', ['version']).status === 0 ? '' : ' (skipped: openssl is not installed)';

const openssl = (pem: string, ...args: string[]) =>
  execFileSync('openssl', ['req', '-verify', '-noout', ...args], { input: pem, encoding: 'utf8', stdio: 'pipe' });

describe('a certificate request', () => {
  it('is signed by its own key', async () => {
    const [key, publicKey] = await keysOf('ecdsa-p256');
    const pem = await certificateRequest(key, publicKey, { subject: 'CN=x', dnsNames: [] });
    const request = new Pkcs10CertificateRequest(pem);
    expect(await request.verify()).toBe(true);
    expect(request.subject).toBe('CN=x');
  });

  it('has its subject as it was told, and no more of it', async () => {
    const [key, publicKey] = await keysOf('ed25519');
    const subject = 'CN=a\\,O=b+OU=ä+OU=c, DC=example, C=DE';
    const request = new Pkcs10CertificateRequest(await certificateRequest(key, publicKey, { subject, dnsNames: [] }));
    expect(request.subjectName.toJSON()).toEqual([
      { CN: ['a,O=b'], OU: ['ä', 'c'] },
      { DC: ['example'] },
      { C: ['DE'] },
    ]);
  });

  (missing ? it.skip : it).each<PrivateType>(['rsa-2048', 'ecdsa-p256', 'ecdsa-p384', 'ecdsa-p521', 'ed25519'])(
    `of %s is one to OpenSSL, for this key, subject and names${missing}`,
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
    ['a subject of which a part is none', 'CN=x, garbage', []],
    ['a country of more than two letters', 'C=GERMANY', []],
    ['a mail address that is not in ASCII', 'E=ä@example.org', []],
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

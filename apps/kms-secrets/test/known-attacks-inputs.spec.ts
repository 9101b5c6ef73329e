import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { KeyService, KeyType } from '@gabion/contracts/gabion/kms/v1/keys_pb';
import { CryptoService } from '@gabion/contracts/gabion/kms/v1/operations_pb';
import { SecretService } from '@gabion/contracts/gabion/kms/v1/secrets_pb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { faultOf, platform, root } from './platform.ts';

const as = { caller: root };
const dayMs = 86_400_000;
const context = { tenant: 'a' };

describe('what broke other key services by its size or its damage does not break this one', () => {
  let site: Awaited<ReturnType<typeof platform>>;
  const keys = () => site.gateway.client(KeyService);
  const crypto = () => site.gateway.client(CryptoService);

  beforeAll(async () => {
    site = await platform();
    await keys().createKey({ name: 'signing', type: KeyType.ECDSA_P256 }, as);
    await keys().createKey({ name: 'agreeing', type: KeyType.X25519 }, as);
    await keys().createKey({ name: 'open', type: KeyType.AES_256_GCM, isExportable: true }, as);
  });
  afterAll(() => site[Symbol.asyncDispose]());

  it.each([
    ['aes-256-gcm', KeyType.AES_256_GCM],
    ['aes-256-gcm-siv', KeyType.AES_256_GCM_SIV],
    ['chacha20-poly1305', KeyType.CHACHA20_POLY1305],
    ['xchacha20-poly1305', KeyType.XCHACHA20_POLY1305],
  ])(
    'a ciphertext of %s with any bit changed, or cut anywhere, is refused by one code and text',
    async (name, type) => {
      await keys().createKey({ name, type }, as);
      const { ciphertext } = await crypto().encrypt({ key: name, plaintext: Buffer.from('secret'), context }, as);
      const flipped = Array.from({ length: ciphertext.length * 8 }, (_, bit) =>
        ciphertext.map((byte, at) => (at === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte)),
      );
      const cut = Array.from({ length: ciphertext.length - 1 }, (_, length) => ciphertext.subarray(0, length + 1));
      const longer = [Buffer.concat([ciphertext, Buffer.alloc(1)]), Buffer.concat([ciphertext, ciphertext])];
      const items = [...flipped, ...cut, ...longer].map((each) => ({ ciphertext: each, context }));
      const { results } = await crypto().decryptBatch({ items: items.slice(0, 1000) }, as);
      const said = results.map(({ result }) =>
        result.case === 'error' ? `${result.value.code}: ${result.value.message}` : 'opened',
      );
      expect(said).toHaveLength(items.length);
      expect(new Set(said)).toEqual(new Set(['ciphertext_refused: the ciphertext is not one of this key and context']));
    },
  );

  it.each([
    [
      'a context with a long name',
      () => crypto().encrypt({ key: 'open', plaintext: Buffer.alloc(1), context: { ['x'.repeat(100_000)]: '' } }, as),
    ],
    [
      'a context of 16 long names, which is over 64 KiB together',
      () =>
        crypto().encrypt(
          {
            key: 'open',
            plaintext: Buffer.alloc(1),
            context: Object.fromEntries(
              Array.from({ length: 16 }, (_, at) => [`${at}${'x'.repeat(4094)}`, 'y'.repeat(1024)]),
            ),
          },
          as,
        ),
    ],
    [
      'a context with a long value',
      () => crypto().decrypt({ ciphertext: randomBytes(60), context: { a: 'x'.repeat(1025) } }, as),
    ],
  ])('CVE-2025-6203: %s is an error of the caller', async (_, ask) => {
    expect((await faultOf(ask())).kind).toBe('invalid_argument');
  });

  const rsaPem = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({
    format: 'pem',
    type: 'spki',
  }) as string;
  it.each([
    ['many keys', rsaPem.repeat(30)],
    ['a key and blanks', `${rsaPem}${' '.repeat(15_000)}`],
    ['a key and blanks, and something else', `${rsaPem}${' '.repeat(15_000)}x`],
    ['nothing but the beginning', `-----BEGIN PUBLIC KEY-----\n${'A'.repeat(16_000)}`],
    ['beginnings', '-----BEGIN PUBLIC KEY-----\n'.repeat(600)],
    ['line breaks', `-----BEGIN PUBLIC KEY-----\n${'\n'.repeat(16_000)}-----END PUBLIC KEY-----\n`],
    ['a megabyte', 'A'.repeat(1024 * 1024)],
    ['a certificate', rsaPem.replaceAll('PUBLIC KEY', 'CERTIFICATE')],
  ])('CVE-2024-12401: PEM of %s costs a moment', async (_, pem) => {
    const before = performance.now();
    const asked = [
      keys().exportKey({ key: 'open', publicKeyPem: pem }, as),
      crypto().derive({ key: 'agreeing', context, peerPublicKeyPem: pem }, as),
    ];
    const outcomes = await Promise.all(
      asked.map((call) =>
        call.then(
          () => 'taken',
          (error: { kind: string }) => error.kind,
        ),
      ),
    );
    expect(outcomes.every((outcome) => outcome === 'taken' || outcome === 'invalid_argument')).toBe(true);
    expect(performance.now() - before).toBeLessThan(10_000);
  });

  it.each([
    ['more names than are taken', Array.from({ length: 101 }, (_, at) => `n${at}.example`)],
    ['a name that is too long', [`${'a.'.repeat(200)}example`]],
    ['labels that nearly match', [`${'a-'.repeat(126)}`]],
    ['labels without an end', ['-'.repeat(253)]],
    ['labels of one letter', [`${'a.'.repeat(126)}-`]],
    ['wildcards', ['*.*.example']],
  ])('CVE-2026-25518: a certificate request for %s is refused within a moment', async (_, dnsNames) => {
    const before = performance.now();
    const fault = await faultOf(keys().createCertificateRequest({ key: 'signing', subject: 'CN=a', dnsNames }, as));
    expect(fault).toMatchObject({ kind: 'invalid_argument' });
    expect(performance.now() - before).toBeLessThan(10_000);
  });

  it.each([
    ['a part that is none', 'CN=a, garbage'],
    ['a line break', 'CN=a\nO=other'],
    ['no end', 'CN=a+'],
    ['an escape of nothing', 'CN=a\\'],
    ['too many characters', `CN=${'a'.repeat(1024)}`],
    ['many attributes and no end', 'CN=a,'.repeat(200)],
  ])('a subject with %s is not shortened to what can be read of it', async (_, subject) => {
    const request = keys().createCertificateRequest({ key: 'signing', subject }, as);
    expect((await faultOf(request)).kind).toBe('invalid_argument');
  });

  it.each([
    ['nothing', Buffer.of(0)],
    ['less than RSA wraps', randomBytes(511)],
    ['what RSA wraps, and nothing', randomBytes(512)],
    ['random bytes', randomBytes(600)],
    ['zeros', Buffer.alloc(600)],
    ['as much as is taken', randomBytes(16_384)],
  ])('an import of %s is refused as any other', async (_, wrappedMaterial) => {
    const { id } = await keys().getWrappingKey({}, as);
    const key = { name: 'imported', type: KeyType.AES_256_GCM };
    const fault = await faultOf(keys().importKey({ key, wrappingKeyId: id, wrappedMaterial }, as));
    expect(fault).toMatchObject({ kind: 'invalid_argument', code: 'ciphertext_refused' });
  });

  it('a clock that goes back undoes no decision, and repeats none', async () => {
    const secrets = site.gateway.client(SecretService);
    const soon = { seconds: BigInt(Math.floor(site.clock.now().getTime() / 1000) + 3600), nanos: 0 };
    await secrets.putSecret({ path: 'clock/short', data: { a: Buffer.from('x') }, expireTime: soon }, as);
    const { id: wrappingKeyId } = await keys().getWrappingKey({}, as);
    await keys().createKey({ name: 'doomed', type: KeyType.AES_256_GCM }, as);
    const { destroyTime } = await keys().scheduleKeyDeletion({ key: 'doomed', waitingDays: 7 }, as);
    site.clock.advance(2 * dayMs);
    const gone = async () => (await faultOf(secrets.readSecret({ path: 'clock/short' }, as))).code;
    expect(await gone()).toBe('secret_version_expired');
    site.clock.advance(-4 * dayMs);
    const before = await keys().getKey({ key: 'doomed' }, as);
    expect(before.destroyTime).toEqual(destroyTime);
    // Asked again while the clock is behind, the earlier decision stays.
    expect((await keys().scheduleKeyDeletion({ key: 'doomed', waitingDays: 7 }, as)).destroyTime).toEqual(destroyTime);
    const { ciphertext } = await crypto().encrypt({ key: 'open', plaintext: Buffer.from('x'), context }, as);
    expect(Buffer.from((await crypto().decrypt({ ciphertext, context }, as)).plaintext).toString()).toBe('x');
    await keys().rotateKey({ key: 'open' }, as);
    expect(await keys().getKey({ key: 'open' }, as)).toMatchObject({ primaryVersion: 2 });
    expect((await keys().getWrappingKey({}, as)).id).toBe(wrappingKeyId);
    site.clock.advance(4 * dayMs);
    expect(await gone()).toMatch(/^secret_version_(expired|destroyed)$/);
  });
});

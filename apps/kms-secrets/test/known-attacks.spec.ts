import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { KeyOperation, KeyService, KeyType } from '@gabion/contracts/gabion/kms/v1/keys_pb';
import { CryptoService } from '@gabion/contracts/gabion/kms/v1/operations_pb';
import { CredentialService, SecretService } from '@gabion/contracts/gabion/kms/v1/secrets_pb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { connectAs, faultOf, person, platform, root } from './platform.ts';

const as = { caller: root };

describe('what broke other key services does not break this one', () => {
  let site: Awaited<ReturnType<typeof platform>>;
  const keys = () => site.gateway.client(KeyService);
  const crypto = () => site.gateway.client(CryptoService);
  const secrets = () => site.gateway.client(SecretService);

  beforeAll(async () => {
    site = await platform();
  });
  afterAll(() => site[Symbol.asyncDispose]());

  it('CVE-2026-55776: deriving with a key of another kind, or with the public key of one, is an error', async () => {
    const signing = await keys().createKey({ name: 'signing', type: KeyType.ECDSA_P256 }, as);
    const agreeing = await keys().createKey({ name: 'agreeing', type: KeyType.X25519 }, as);
    const pem = (type: 'ed25519' | 'x25519') =>
      generateKeyPairSync(type as 'ed25519').publicKey.export({ format: 'pem', type: 'spki' }) as string;
    const derive = (key: string, peerPublicKeyPem: string) =>
      crypto().derive({ key, peerPublicKeyPem, context: { a: 'b' } }, as);
    const asked = [
      derive(signing.id, pem('x25519')),
      derive(agreeing.id, pem('ed25519')),
      derive(agreeing.id, 'x'.repeat(20_000)),
      derive(agreeing.id, ''),
    ];
    const faults = await Promise.all(asked.map(faultOf));
    expect(faults.map(({ kind }) => kind)).not.toContain('internal');
    expect((await derive(agreeing.id, pem('x25519'))).derived).toHaveLength(32);
  });

  it('CVE-2023-4680: nobody chooses a nonce, and none comes twice', async () => {
    await keys().createKey({ name: 'nonces', type: KeyType.AES_256_GCM }, as);
    const items = Array.from({ length: 1000 }, () => ({ plaintext: Buffer.from('same'), context: {} }));
    const { results } = await crypto().encryptBatch({ key: 'nonces', items }, as);
    const texts = results.map(({ result }) => Buffer.from(result.value as Uint8Array).toString('hex'));
    expect(new Set(texts).size).toBe(1000);
    expect(CryptoService.method.encrypt.input.fields.map(({ name }) => name)).toEqual(['key', 'plaintext', 'context']);
  });

  it('CVE-2025-62705, CVE-2024-8365: nothing that is kept, closed or signed is on the trail, in any writing', async () => {
    const marker = randomBytes(24);
    const { ciphertext } = await crypto().encrypt({ key: 'nonces', plaintext: marker, context: {} }, as);
    await crypto().decrypt({ ciphertext, context: {} }, as);
    await secrets().putSecret({ path: 'trail/one', data: { value: marker } }, as);
    await secrets().readSecret({ path: 'trail/one' }, as);
    using scanner = connectAs('image-scanner', site.started[0]!.address);
    await scanner.client(CredentialService).putCredential({ name: 'trail', value: marker });
    await faultOf(secrets().putSecret({ path: 'trail/one', data: { value: marker }, expectedVersion: 9 }, as));
    await faultOf(crypto().decrypt({ ciphertext: marker, context: {} }, as));
    const writings = [
      marker,
      ...(['hex', 'base64', 'base64url'] as const).map((way) => Buffer.from(marker.toString(way))),
    ];
    const { rows } = await sql<{ body: Buffer }>`select body from events.log`.execute(site.db.kysely);
    expect(rows.length).toBeGreaterThan(5);
    expect(rows.filter(({ body }) => writings.some((each) => body.includes(each)))).toEqual([]);
  });

  it.each([
    ['../escape'],
    ['a/../b'],
    ['a//b'],
    ['/a'],
    ['a/'],
    ['a/%2e%2e/b'],
    ['a\\b'],
    ['.hidden'],
    ['a\u0000b'],
    ['a/\u2025/b'],
  ])('CVE-2026-3605: the path %j names nothing', async (path) => {
    expect((await faultOf(secrets().putSecret({ path, data: { a: Buffer.from('x') } }, as))).kind).toBe(
      'invalid_argument',
    );
    expect(['invalid_argument', 'not_found']).toContain((await faultOf(secrets().readSecret({ path }, as))).kind);
  });

  it('CVE-2025-5999: a name in other letters is another name', async () => {
    const statements = [{ callers: ['Alice'], operations: [KeyOperation.ENCRYPT] }];
    await keys().createKey({ name: 'cases', type: KeyType.AES_256_GCM, policy: { statements } }, as);
    const encrypt = (id: string, key = 'cases') =>
      crypto().encrypt({ key, plaintext: Buffer.from('x'), context: {} }, { caller: person(id, 'keys.encrypt') });
    expect((await faultOf(encrypt('alice'))).kind).toBe('permission_denied');
    expect((await faultOf(encrypt('ALICE'))).kind).toBe('permission_denied');
    expect((await faultOf(encrypt('Alice', 'Cases'))).code).toBe('key_unknown');
    const shouting = person('bob', 'KEYS.ENCRYPT', 'Keys.*');
    const refused = crypto().encrypt({ key: 'nonces', plaintext: Buffer.from('x'), context: {} }, { caller: shouting });
    expect((await faultOf(refused)).kind).toBe('permission_denied');
  });

  it('CVE-2026-40264, CVE-2026-45808: the lease of another is none, whoever knows its id', async () => {
    await secrets().putSecret({ path: 'leased', data: { a: Buffer.from('x') } }, as);
    const lease = { seconds: 60n, nanos: 0 };
    const { lease: given } = await secrets().readSecret(
      { path: 'leased', lease },
      { caller: person('alice', 'secrets.read') },
    );
    const mallory = { caller: person('mallory', 'secrets.read') };
    expect((await faultOf(secrets().renewLease({ id: given?.id ?? '', lease }, mallory))).code).toBe('lease_unknown');
  });

  it('CVE-2025-6203: what is too large is refused before it is taken apart', async () => {
    const big = Buffer.alloc(1024 * 1024 + 1);
    const put = secrets().putSecret({ path: 'big', data: { a: big } }, as);
    expect((await faultOf(put)).kind).toBe('invalid_argument');
    const names = Object.fromEntries(Array.from({ length: 257 }, (_, at) => [`n${at}`, Buffer.from('x')]));
    expect((await faultOf(secrets().putSecret({ path: 'big', data: names }, as))).kind).toBe('invalid_argument');
    const metadata = { a: 'x'.repeat(513) };
    expect(
      (await faultOf(secrets().putSecret({ path: 'big', data: { a: Buffer.from('x') }, metadata }, as))).kind,
    ).toBe('invalid_argument');
    const huge = crypto().encrypt({ key: 'nonces', plaintext: Buffer.alloc(20 * 1024 * 1024), context: {} }, as);
    expect(['invalid_argument', 'resource_exhausted']).toContain((await faultOf(huge)).kind);
  });
});

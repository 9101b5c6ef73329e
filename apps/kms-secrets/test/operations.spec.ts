import { createHash, randomBytes } from 'node:crypto';
import { KeyOperation, KeyService, KeyType } from '@gabion/contracts/gabion/kms/v1/keys_pb';
import { CryptoService, SignatureAlgorithm, SignatureEncoding } from '@gabion/contracts/gabion/kms/v1/operations_pb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, faultOf, person, platform, root } from './platform.ts';
import { trailOf } from './trail.ts';

type Site = Awaited<ReturnType<typeof platform>>;
const as = { caller: root };
const context = { cluster: 'prod' };
const plaintext = Buffer.from('a secret of somebody');

describe('uses of keys', () => {
  let site: Site;
  const keysOf = () => site.gateway.client(KeyService);
  const cryptoOf = (replica = 0) => (site.gateways[replica] as Site['gateway']).client(CryptoService);

  beforeAll(async () => {
    site = await platform({ replicas: 2 });
  });
  afterAll(async () => {
    await site[Symbol.asyncDispose]();
  });

  const made = (type: KeyType, more = {}) =>
    keysOf().createKey({ name: `k-${randomBytes(6).toString('hex')}`, type, ...more }, as);

  it.each([
    [KeyType.AES_256_GCM],
    [KeyType.AES_256_GCM_SIV],
    [KeyType.CHACHA20_POLY1305],
    [KeyType.XCHACHA20_POLY1305],
  ])('encrypt with type %p, in each version, for every replica', async (type) => {
    const key = await made(type);
    const first = await cryptoOf().encrypt({ key: key.name, plaintext, context }, as);
    expect(first).toMatchObject({ keyId: key.id, version: 1 });
    await keysOf().rotateKey({ key: key.id }, as);
    const second = await cryptoOf().encrypt({ key: key.name, plaintext, context }, as);
    expect(second.version).toBe(2);
    for (const { ciphertext } of [first, second]) {
      const opened = await cryptoOf(1).decrypt({ ciphertext, context, key: key.id }, as);
      expect(Buffer.from(opened.plaintext)).toEqual(plaintext);
    }
  });

  it.each([
    [KeyType.ECDSA_P256, 'ES256'],
    [KeyType.ECDSA_P521, 'ES512'],
    [KeyType.RSA_2048, 'PS256'],
    [KeyType.ED25519, 'EdDSA'],
  ])('sign JWS with type %p, which are verified by the version that their kid names', async (type, alg) => {
    const key = await made(type);
    const payload = Buffer.from('{"sub":"app"}');
    const { jws } = await cryptoOf().signJws({ key: key.id, payload, type: 'JWT' }, as);
    const header = JSON.parse(Buffer.from(jws.split('.')[0] ?? '', 'base64url').toString());
    const { jwk } = await keysOf().getPublicKey({ key: key.id }, as);
    expect(header).toEqual({ alg, kid: JSON.parse(jwk).kid, typ: 'JWT' });
    await keysOf().rotateKey({ key: key.id }, as);
    const verified = await cryptoOf(1).verifyJws({ key: key.id, jws }, as);
    expect(verified).toMatchObject({ isValid: true, version: 1 });
    expect(Buffer.from(verified.payload)).toEqual(payload);
  });

  it('take a JWS of no other key, version or algorithm, and no altered one', async () => {
    const [key, other] = [await made(KeyType.RSA_2048), await made(KeyType.RSA_2048)];
    const { jws } = await cryptoOf().signJws({ key: key.id, payload: Buffer.from('{}') }, as);
    const [header = '', payload = '', signature = ''] = jws.split('.');
    const kid = (name: string) => Buffer.from(JSON.stringify({ alg: 'PS256', kid: name })).toString('base64url');
    const none = Buffer.from('{"alg":"none"}').toString('base64url');
    const asked = [
      { key: other.id, jws },
      { key: key.id, jws, algorithm: SignatureAlgorithm.RSA_PKCS1_SHA256 },
      { key: key.id, jws: `${kid(`${key.id}.x`)}.${payload}.${signature}` },
      { key: key.id, jws: `${none}.${payload}.` },
      { key: key.id, jws: `${header}.e31.${signature}` },
      { key: key.id, jws: 'not a jws' },
    ];
    const answers = await Promise.all(asked.map((each) => cryptoOf().verifyJws(each, as)));
    expect(answers).toEqual(asked.map(() => expect.objectContaining({ isValid: false, payload: new Uint8Array() })));
    const unknown = cryptoOf().verifyJws({ key: key.id, jws: `${kid(`${key.id}.9`)}.${payload}.${signature}` }, as);
    expect((await faultOf(unknown)).code).toBe('version_unknown');
    const symmetric = await made(KeyType.AES_256_GCM);
    const unsuitable = cryptoOf().signJws({ key: symmetric.id, payload: Buffer.from('{}') }, as);
    expect((await faultOf(unsuitable)).code).toBe('key_type_unsuitable');
  });

  it('answer one error to whatever is wrong with a ciphertext', async () => {
    const key = await made(KeyType.AES_256_GCM);
    const other = await made(KeyType.AES_256_GCM);
    const { ciphertext } = await cryptoOf().encrypt({ key: key.id, plaintext, context }, as);
    const flipped = [0, 1, 5, 21, 30, 50, ciphertext.length - 1].map((at) => {
      const changed = Buffer.from(ciphertext);
      changed[at] = (changed[at] as number) ^ 1;
      return { ciphertext: changed, context };
    });
    const cut = [1, 22, 40, ciphertext.length - 1].map((length) => ({
      ciphertext: ciphertext.subarray(0, length),
      context,
    }));
    const wrong: { ciphertext: Uint8Array; context: Record<string, string>; key?: string }[] = [
      ...flipped,
      ...cut,
      { ciphertext, context: {} },
      { ciphertext, context: { cluster: 'prod', more: '' } },
      { ciphertext, context, key: other.id },
      { ciphertext: randomBytes(1000), context },
    ];
    const faults = await Promise.all(wrong.map((request) => faultOf(cryptoOf().decrypt(request, as))));
    const said = new Set(faults.map(({ kind, code, message }) => `${kind} ${code} ${message}`));
    expect(said).toEqual(
      new Set(['invalid_argument ciphertext_refused the ciphertext is not one of this key and context']),
    );
  });

  it('go on in a batch after an item that is refused', async () => {
    const key = await made(KeyType.AES_256_GCM);
    const items = Array.from({ length: 100 }, (_, at) => ({ plaintext: Buffer.from(`item ${at}`), context: {} }));
    const { results } = await cryptoOf().encryptBatch({ key: key.id, items }, as);
    const ciphertexts = results.map(({ result }) => ({ ciphertext: result.value as Uint8Array, context: {} }));
    const answered = await cryptoOf().decryptBatch(
      { items: ciphertexts.with(7, { ciphertext: randomBytes(80), context: {} }) },
      as,
    );
    expect(answered.results[7]?.result).toMatchObject({ case: 'error', value: { code: 'ciphertext_refused' } });
    const texts = answered.results.map(({ result }) =>
      result.case === 'plaintext' ? Buffer.from(result.value).toString() : '-',
    );
    expect(texts).toEqual(items.map((_, at) => (at === 7 ? '-' : `item ${at}`)));
  });

  it('close again with the present version, without showing what is inside', async () => {
    const key = await made(KeyType.AES_256_GCM);
    const { ciphertext } = await cryptoOf().encrypt({ key: key.id, plaintext, context }, as);
    await keysOf().rotateKey({ key: key.id }, as);
    const { results } = await cryptoOf().rewrap({ items: [{ ciphertext, context }] }, as);
    const again = results[0]?.result.value as Uint8Array;
    expect(await cryptoOf().decrypt({ ciphertext: again, context }, as)).toMatchObject({ version: 2 });
    await keysOf().updateKey({ key: key.id, settings: { minVersion: 2 }, fields: ['min_version'] }, as);
    expect(await faultOf(cryptoOf().decrypt({ ciphertext, context }, as))).toMatchObject({
      code: 'version_below_minimum',
    });
  });

  it('make data keys that open later', async () => {
    const key = await made(KeyType.AES_256_GCM);
    const dataKey = await cryptoOf().generateDataKey({ key: key.id, context }, as);
    expect(dataKey.plaintext).toHaveLength(32);
    expect((await cryptoOf().decrypt({ ciphertext: dataKey.ciphertext, context }, as)).plaintext).toEqual(
      dataKey.plaintext,
    );
    const closed = await cryptoOf().generateDataKey({ key: key.id, context, withoutPlaintext: true, bytes: 64 }, as);
    expect(closed.plaintext).toHaveLength(0);
  });

  it.each([[KeyType.RSA_2048], [KeyType.ECDSA_P256], [KeyType.ECDSA_P521], [KeyType.ED25519], [KeyType.ML_DSA_65]])(
    'sign and verify with type %p',
    async (type) => {
      const key = await made(type);
      const input = { case: 'message', value: plaintext } as const;
      const { signature, version } = await cryptoOf().sign({ key: key.id, input }, as);
      expect(await cryptoOf().verify({ key: key.id, input, signature, version }, as)).toMatchObject({ isValid: true });
      const other = { case: 'message', value: randomBytes(9) } as const;
      expect(await cryptoOf().verify({ key: key.id, input: other, signature }, as)).toMatchObject({ isValid: false });
    },
  );

  it.each([
    [KeyType.RSA_2048, SignatureAlgorithm.UNSPECIFIED, 'sha256'],
    [KeyType.RSA_2048, SignatureAlgorithm.RSA_PKCS1_SHA512, 'sha512'],
    [KeyType.ECDSA_P256, SignatureAlgorithm.UNSPECIFIED, 'sha256'],
    [KeyType.ECDSA_P521, SignatureAlgorithm.UNSPECIFIED, 'sha512'],
  ])('sign a digest with type %p and algorithm %p as its message', async (type, algorithm, hash) => {
    const key = await made(type);
    const message = { case: 'message', value: plaintext } as const;
    const digest = { case: 'digest', value: createHash(hash).update(plaintext).digest() } as const;
    const other = { case: 'digest', value: randomBytes(digest.value.length) } as const;
    for (const [signed, verified] of [
      [digest, message],
      [message, digest],
      [digest, digest],
    ] as const) {
      const { signature } = await cryptoOf().sign({ key: key.id, input: signed, algorithm }, as);
      const isValid = (input: typeof message | typeof digest) =>
        cryptoOf(1).verify({ key: key.id, input, signature, algorithm }, as);
      expect(await isValid(verified)).toMatchObject({ isValid: true });
      expect(await isValid(other)).toMatchObject({ isValid: false });
    }
  });

  it('sign no digest of another length, nor with keys that take messages whole', async () => {
    const [ecdsa, ed25519] = [await made(KeyType.ECDSA_P256), await made(KeyType.ED25519)];
    const short = { case: 'digest', value: randomBytes(31) } as const;
    const whole = { case: 'digest', value: randomBytes(64) } as const;
    const refusals = [
      [cryptoOf().sign({ key: ecdsa.id, input: short }, as), 'digest_length_wrong'],
      [cryptoOf().verify({ key: ecdsa.id, input: short, signature: whole.value }, as), 'digest_length_wrong'],
      [cryptoOf().sign({ key: ed25519.id, input: whole }, as), 'digest_not_signable'],
      [cryptoOf().verify({ key: ed25519.id, input: whole, signature: whole.value }, as), 'digest_not_signable'],
      [cryptoOf().sign({ key: ecdsa.id }, as), 'field_invalid'],
    ] as const;
    const faults = await Promise.all(refusals.map(([call]) => faultOf(call)));
    expect(faults.map(({ kind }) => kind)).toEqual(refusals.map(() => 'invalid_argument'));
    expect(faults.map(({ code }) => code)).toEqual(refusals.map(([, code]) => code));
    const { uses } = await trailOf(site, ed25519.id);
    expect(uses).toMatchObject([{ code: 'digest_not_signable' }, { code: 'digest_not_signable' }]);
  });

  it('write ECDSA signatures as JWS has them when asked', async () => {
    const key = await made(KeyType.ECDSA_P256);
    const input = { case: 'message', value: plaintext } as const;
    const { signature } = await cryptoOf().sign({ key: key.id, input, encoding: SignatureEncoding.P1363 }, as);
    expect(signature).toHaveLength(64);
    expect(await cryptoOf().verify({ key: key.id, input, signature }, as)).toMatchObject({ isValid: false });
  });

  it('authenticate, derive, agree and encapsulate', async () => {
    const hmac = await made(KeyType.HMAC);
    const { mac } = await cryptoOf().mac({ key: hmac.id, message: plaintext }, as);
    expect(await cryptoOf().verifyMac({ key: hmac.id, message: plaintext, mac }, as)).toMatchObject({ isValid: true });
    expect(await cryptoOf().verifyMac({ key: hmac.id, message: plaintext, mac: mac.subarray(1) }, as)).toMatchObject({
      isValid: false,
    });

    const [first, second] = [await made(KeyType.X25519), await made(KeyType.X25519)];
    const pemOf = async (key: string) => (await keysOf().getPublicKey({ key }, as)).pem;
    const here = await cryptoOf().derive({ key: first.id, context, peerPublicKeyPem: await pemOf(second.id) }, as);
    const there = await cryptoOf().derive({ key: second.id, context, peerPublicKeyPem: await pemOf(first.id) }, as);
    expect(here.derived).toEqual(there.derived);
    const elsewhere = { key: first.id, context: { cluster: 'test' }, peerPublicKeyPem: await pemOf(second.id) };
    expect((await cryptoOf().derive(elsewhere, as)).derived).not.toEqual(here.derived);

    const kem = await made(KeyType.ML_KEM_768);
    const { sharedSecret, ciphertext } = await cryptoOf().encapsulate({ key: kem.id }, as);
    expect((await cryptoOf().decapsulate({ key: kem.id, ciphertext }, as)).sharedSecret).toEqual(sharedSecret);
  });

  it('are refused to keys of another kind, and to those that are not there to be used', async () => {
    const signing = await made(KeyType.ED25519);
    const unsuitable = { code: 'key_type_unsuitable' };
    expect(await faultOf(cryptoOf().encrypt({ key: signing.id, plaintext }, as))).toMatchObject(unsuitable);
    expect(await faultOf(cryptoOf().derive({ key: signing.id, context }, as))).toMatchObject(unsuitable);
    const input = { case: 'message', value: plaintext } as const;
    const encrypting = await made(KeyType.AES_256_GCM);
    expect(await faultOf(cryptoOf().sign({ key: encrypting.id, input }, as))).toMatchObject(unsuitable);
    await keysOf().disableKey({ key: encrypting.id }, as);
    expect(await faultOf(cryptoOf().encrypt({ key: encrypting.id, plaintext }, as))).toMatchObject({
      code: 'key_disabled',
    });
    expect(await faultOf(cryptoOf().encrypt({ key: 'none', plaintext }, as))).toMatchObject({ code: 'key_unknown' });
  });

  it('follow the policy of the key, byte by byte, and its quota', async () => {
    const [anna, other] = [{ caller: person('anna', '*') }, { caller: person('Anna', '*') }];
    const statement = { callers: ['anna'], operations: [KeyOperation.ENCRYPT], context };
    const policy = { statements: [{ ...statement, maxOperationsPerSecond: 3 }] };
    const key = await made(KeyType.AES_256_GCM, { policy, settings: { requiredContext: ['cluster'] } });
    const encrypt = (who: typeof anna, about: Record<string, string>) =>
      cryptoOf().encrypt({ key: key.id, plaintext, context: about }, who);
    const { ciphertext } = await encrypt(anna, context);
    expect(await faultOf(encrypt(anna, {}))).toMatchObject({ code: 'context_required' });
    for (const fault of await Promise.all(
      [
        encrypt(other, context),
        encrypt(anna, { cluster: 'Prod' }),
        cryptoOf().decrypt({ ciphertext, context }, anna),
      ].map(faultOf),
    ))
      expect(fault).toMatchObject({ kind: 'permission_denied', code: 'not_allowed_by_policy' });
    const many = await Promise.allSettled(Array.from({ length: 20 }, () => encrypt(anna, context)));
    expect(many.filter(({ status }) => status === 'rejected').length).toBeGreaterThanOrEqual(10);
  });

  it('are on the trail with who, from where, key, version, operation, context and outcome, and never with the data', async () => {
    const key = await made(KeyType.AES_256_GCM);
    const from = { caller: { ...root, sourceAddress: '203.0.113.9' } };
    const { ciphertext } = await cryptoOf().encrypt({ key: key.id, plaintext, context }, from);
    await faultOf(cryptoOf().decrypt({ ciphertext, context: {} }, as));
    const items = Array.from({ length: 50 }, () => ({ plaintext, context }));
    await cryptoOf().encryptBatch({ key: key.id, items }, as);
    const { uses, bodies } = await trailOf(site, key.id);
    const by = { keyId: key.id, callerKind: 'user', callerId: 'local' };
    expect(uses).toMatchObject([
      { ...by, version: 1, operation: KeyOperation.ENCRYPT, count: 1, code: '', sourceAddress: '203.0.113.9' },
      { ...by, version: 1, operation: KeyOperation.DECRYPT, count: 1, code: 'ciphertext_refused' },
      { ...by, version: 1, operation: KeyOperation.ENCRYPT, count: 50, code: '' },
    ]);
    expect(uses[0]?.contextSha256).toHaveLength(32);
    expect(bodies.some((body) => body.includes(plaintext) || body.includes('prod'))).toBe(false);
    await eventually(async () => (await keysOf().getKey({ key: key.id }, as)).versions[0]?.encryptions === 51n);
    const { recentCallers } = await keysOf().listKeyUsers({ key: key.id }, as);
    expect(recentCallers).toMatchObject([{ kind: 'user', name: 'local' }]);
  });
});

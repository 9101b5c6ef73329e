import { createPrivateKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { KeyService, KeyState, KeyType } from '@gabion/contracts/gabion/kms/v1/keys_pb';
import { SealService } from '@gabion/contracts/gabion/kms/v1/seal_pb';
import { publicKeyIn } from '@gabion/keys/public-key';
import { unwrapFromTransport, wrapForTransport } from '@gabion/keys/transport';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { registerUser, releaseUser } from '../src/keys/key-users.ts';
import { eventually, faultOf, person, platform, root } from './platform.ts';

type Site = Awaited<ReturnType<typeof platform>>;
const as = { caller: root };
const everyType = Object.values(KeyType).filter((type) => typeof type === 'number' && type !== KeyType.UNSPECIFIED);

describe('keys', () => {
  let site: Site;
  let keys: ReturnType<typeof keysOf>;
  const keysOf = (replica: number) => (site.gateways[replica] as Site['gateway']).client(KeyService);

  beforeAll(async () => {
    site = await platform({ replicas: 2 });
    keys = keysOf(0);
  });
  afterAll(async () => {
    await site[Symbol.asyncDispose]();
  });

  const named = () => `k-${randomBytes(6).toString('hex')}`;
  const made = (type = KeyType.AES_256_GCM, more = {}) => keys.createKey({ name: named(), type, ...more }, as);

  it.each(everyType)('are made of type %p, and found by id, name and alias', async (type) => {
    const key = await made(type as KeyType);
    expect(key).toMatchObject({ type, state: KeyState.ENABLED, primaryVersion: 1, tenant: 'default' });
    const alias = named();
    await keys.putAlias({ alias, key: key.name }, as);
    for (const by of [key.id, key.name, alias]) expect((await keys.getKey({ key: by }, as)).id).toBe(key.id);
  });

  it('are not made twice under a name, under an alias, or under the form of an id', async () => {
    const key = await made();
    const alias = named();
    await keys.putAlias({ alias, key: key.id }, as);
    for (const name of [key.name, alias]) {
      const refused = keys.createKey({ name, type: KeyType.HMAC }, as);
      expect(await faultOf(refused)).toMatchObject({ code: 'key_name_taken' });
    }
    const hidden = keys.createKey({ name: key.id, type: KeyType.HMAC }, as);
    expect(await faultOf(hidden)).toMatchObject({ kind: 'invalid_argument' });
    expect(await faultOf(keys.putAlias({ alias: key.name, key: key.id }, as))).toMatchObject({
      code: 'key_name_taken',
    });
    expect(await faultOf(keys.getKey({ key: named() }, as))).toMatchObject({ kind: 'not_found', code: 'key_unknown' });
  });

  it('are made once of several who make one of a name at once', async () => {
    const name = named();
    const attempts = [0, 1, 0, 1].map((replica) => keysOf(replica).createKey({ name, type: KeyType.HMAC }, as));
    const outcomes = await Promise.allSettled(attempts);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'key_name_taken' });
  });

  it('get a version with each rotation, also when two rotate at once', async () => {
    const { id } = await made();
    await Promise.all([0, 1, 0, 1].map((replica) => keysOf(replica).rotateKey({ key: id }, as)));
    const { primaryVersion, versions } = await keys.getKey({ key: id }, as);
    expect(primaryVersion).toBe(5);
    expect(versions.map(({ version }) => version)).toEqual([1, 2, 3, 4, 5]);
  });

  it('are not disabled, deleted or shut out of a version while somebody depends on them', async () => {
    const { id } = await made();
    await keys.rotateKey({ key: id }, as);
    const user = { kind: 'cluster', name: 'prod', versions: [1] };
    await site.db.transaction((tx) => registerUser(tx, id, user));
    const raise = { key: id, settings: { minVersion: 2 }, fields: ['min_version'] };
    for (const fault of await Promise.all(
      [keys.disableKey({ key: id }, as), keys.scheduleKeyDeletion({ key: id }, as), keys.updateKey(raise, as)].map(
        faultOf,
      ),
    ))
      expect(fault).toMatchObject({
        code: 'key_in_use',
        message: expect.stringContaining('cluster prod'),
      });
    expect((await keys.listKeyUsers({ key: id }, as)).users).toMatchObject([user]);
    await site.db.transaction((tx) => releaseUser(tx, id, user));
    expect((await keys.updateKey(raise, as)).settings).toMatchObject({ minVersion: 2 });
    expect(await keys.disableKey({ key: id }, as)).toMatchObject({ state: KeyState.DISABLED });
    expect(await keys.enableKey({ key: id }, as)).toMatchObject({ state: KeyState.ENABLED });
  });

  it('change only in what is named, and not to what cannot be', async () => {
    const { id } = await made(KeyType.AES_256_GCM, { settings: { description: 'first', labels: { team: 'a' } } });
    const change = (settings: object, ...fields: string[]) => keys.updateKey({ key: id, settings, fields }, as);
    const changed = await change({ description: 'second', labels: {} }, 'description');
    expect(changed.settings).toMatchObject({ description: 'second', labels: { team: 'a' } });
    for (const fault of await Promise.all(
      [
        change({}, 'colour'),
        change({ minVersion: 2 }, 'min_version'),
        change({ rotationPeriod: { seconds: 60n } }, 'rotation_period'),
      ].map(faultOf),
    ))
      expect(fault).toMatchObject({ kind: 'invalid_argument' });
  });

  it('are deleted only after their waiting time, and come back disabled until then', async () => {
    const { id } = await made();
    expect(await faultOf(keys.scheduleKeyDeletion({ key: id, waitingDays: 3 }, as))).toMatchObject({
      kind: 'invalid_argument',
    });
    const waiting = await keys.scheduleKeyDeletion({ key: id, waitingDays: 7 }, as);
    expect(waiting).toMatchObject({ state: KeyState.PENDING_DELETION });
    expect(await faultOf(keys.enableKey({ key: id }, as))).toMatchObject({ code: 'key_pending_deletion' });
    expect(await keys.cancelKeyDeletion({ key: id }, as)).toMatchObject({ state: KeyState.DISABLED });
  });

  it('are listed by name, page by page', async () => {
    const tenant = `t-${randomBytes(4).toString('hex')}`;
    for (let at = 0; at < 5; at++) await made(KeyType.HMAC, { tenant });
    const names: string[] = [];
    let pageToken = '';
    do {
      const page = await keys.listKeys({ tenant, pageSize: 2, pageToken }, as);
      names.push(...page.keys.map(({ name }) => name));
      pageToken = page.nextPageToken;
    } while (pageToken);
    expect(names).toHaveLength(5);
    expect(names).toEqual(names.toSorted());
    expect(await faultOf(keys.listKeys({ tenant, pageToken: 'x' }, as))).toMatchObject({ code: 'page_token_invalid' });
  });

  it('come in wrapped to a key of the day, and go out only when created exportable', async () => {
    const wrapping = await keys.getWrappingKey({}, as);
    expect(await keys.getWrappingKey({}, as)).toMatchObject({ id: wrapping.id });
    const material = randomBytes(32);
    const wrappedMaterial = wrapForTransport(publicKeyIn(wrapping.publicKeyPem), material);
    const wanted = { name: named(), type: KeyType.AES_256_GCM, isExportable: true };
    const key = await keys.importKey({ key: wanted, wrappingKeyId: wrapping.id, wrappedMaterial }, as);
    expect(key.versions).toMatchObject([{ version: 1, isImported: true }]);

    const mine = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const publicKeyPem = mine.publicKey.export({ format: 'pem', type: 'spki' }) as string;
    const exported = await keys.exportKey({ key: key.id, publicKeyPem }, as);
    expect(unwrapFromTransport(mine.privateKey, exported.wrappedMaterial)).toEqual(material);
    const kept = await made();
    expect(await faultOf(keys.exportKey({ key: kept.id, publicKeyPem }, as))).toMatchObject({
      code: 'key_not_exportable',
    });
  });

  it('are not imported when they are no key of the type, or not wrapped to this service', async () => {
    const { id: wrappingKeyId, publicKeyPem } = await keys.getWrappingKey({}, as);
    const give = (wrappedMaterial: Buffer, type = KeyType.ECDSA_P256) =>
      keys.importKey({ key: { name: named(), type }, wrappingKeyId, wrappedMaterial }, as);
    const wrapped = (material: Buffer) => wrapForTransport(publicKeyIn(publicKeyPem), material);
    expect(await faultOf(give(wrapped(randomBytes(32))))).toMatchObject({
      kind: 'invalid_argument',
      code: 'key_malformed',
    });
    expect(await faultOf(give(randomBytes(600)))).toMatchObject({
      kind: 'invalid_argument',
      code: 'ciphertext_refused',
    });
    const other = {
      key: { name: named(), type: KeyType.HMAC },
      wrappingKeyId: crypto.randomUUID(),
      wrappedMaterial: wrapped(randomBytes(32)),
    };
    expect(await faultOf(keys.importKey(other, as))).toMatchObject({ code: 'wrapping_key_unknown' });
  });

  it('show their public half as PEM and JWK, and nothing of a symmetric one', async () => {
    const key = await made(KeyType.ED25519);
    const { pem, jwk, version } = await keys.getPublicKey({ key: key.name }, as);
    expect(publicKeyIn(pem).asymmetricKeyType).toBe('ed25519');
    expect(JSON.parse(jwk)).toEqual({ crv: 'Ed25519', kty: 'OKP', kid: `${key.id}.1`, x: expect.any(String) });
    expect(version).toBe(1);
    expect(() => createPrivateKey(pem)).toThrow();
    const symmetric = await made();
    expect(await faultOf(keys.getPublicKey({ key: symmetric.id }, as))).toMatchObject({ code: 'key_type_unsuitable' });
    expect(await faultOf(keys.getPublicKey({ key: key.id, version: 9 }, as))).toMatchObject({
      code: 'version_unknown',
    });
  });

  it('come back from a backup only where there is none of their id and name', async () => {
    const key = await made(KeyType.ECDSA_P256);
    const { backup } = await keys.backUpKey({ key: key.id }, as);
    expect(await faultOf(keys.restoreKey({ backup }, as))).toMatchObject({ code: 'key_name_taken' });
    const { pem } = await keys.getPublicKey({ key: key.id }, as);
    // As if lost: what a backup is for.
    await site.db.kysely.deleteFrom('key_versions').where('key_id', '=', key.id).execute();
    await site.db.kysely.deleteFrom('keys').where('id', '=', key.id).execute();
    const changed = Buffer.from(backup);
    changed[80] = (changed[80] as number) ^ 1;
    expect(await faultOf(keys.restoreKey({ backup: changed }, as))).toMatchObject({ code: 'backup_refused' });
    expect(await keys.restoreKey({ backup }, as)).toMatchObject({ id: key.id, state: KeyState.DISABLED });
    await keys.enableKey({ key: key.id }, as);
    expect((await keysOf(1).getPublicKey({ key: key.id }, as)).pem).toBe(pem);
  });

  it('are seen by every replica as one changed them, within a second', async () => {
    const key = await made(KeyType.ED25519);
    await keysOf(1).getPublicKey({ key: key.name }, as);
    await keys.rotateKey({ key: key.id }, as);
    await eventually(async () => (await keysOf(1).getPublicKey({ key: key.name }, as)).version === 2, 1000);
    await keys.disableKey({ key: key.id }, as);
    const isRefused = () =>
      keysOf(1)
        .getPublicKey({ key: key.name }, as)
        .then(
          () => false,
          () => true,
        );
    await eventually(isRefused, 1000);
  });

  it('need the permission for what is done to them', async () => {
    const reader = { caller: person('reader', 'keys.get') };
    const key = await made();
    expect((await keys.getKey({ key: key.id }, reader)).id).toBe(key.id);
    for (const fault of await Promise.all(
      [keys.rotateKey({ key: key.id }, reader), keys.disableKey({ key: key.id }, reader)].map(faultOf),
    ))
      expect(fault).toMatchObject({ kind: 'permission_denied' });
  });

  it('sign certificate requests, which are recorded', async () => {
    const key = await made(KeyType.ECDSA_P256);
    const asked = { key: key.id, subject: 'CN=db.example', dnsNames: ['db.example'] };
    const { pem } = await keys.createCertificateRequest(asked, as);
    expect(pem).toMatch(/^-----BEGIN CERTIFICATE REQUEST-----/);
    const refusals = [
      keys.createCertificateRequest({ ...asked, subject: 'nothing' }, as),
      keys.createCertificateRequest({ ...asked, key: (await made()).id }, as),
    ];
    const faults = await Promise.all(refusals.map(faultOf));
    expect(faults.map(({ code }) => code)).toEqual(['subject_malformed', 'key_type_unsuitable']);
  });

  it('outlive a new root key, and are not to be had from a closed service', async () => {
    const key = await made(KeyType.X25519);
    const { pem } = await keys.getPublicKey({ key: key.id }, as);
    const seal = site.gateway.client(SealService);
    await seal.rotateRootKey({}, as);
    expect((await keysOf(1).getPublicKey({ key: key.id }, as)).pem).toBe(pem);
    await using other = await platform();
    const theirs = other.gateway.client(KeyService);
    await other.gateway.client(SealService).closeSeal({}, as);
    const refused = theirs.createKey({ name: 'k', type: KeyType.HMAC }, as);
    expect(await faultOf(refused)).toMatchObject({ kind: 'unavailable', code: 'sealed' });
  });
});

import { toJsonString } from '@bufbuild/protobuf';
import { SecretRotatedSchema } from '@gabion/contracts/gabion/kms/v1/events_pb';
import { SecretRotationSchema, SecretRotationState } from '@gabion/contracts/gabion/kms/v1/secret_rotations_pb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { status } from './hook-server.ts';
import { faultOf, person, platform, root } from './platform.ts';
import { type RotationSettings, requestOf, rotated } from './rotating.ts';

const as = { caller: root };
const hourMs = 3_600_000;
let shared: Awaited<ReturnType<typeof platform>>;
beforeAll(async () => {
  shared = await platform();
});
afterAll(() => shared[Symbol.asyncDispose]());

const { SCHEDULED, ROTATING, AWAITING_VERSION } = SecretRotationState;

describe('a generated value', () => {
  it('replaces one value by characters of the set that was told, and keeps the others', async () => {
    await using site = await rotated(shared);
    await site.secrets.putSecret(
      { path: site.path, data: { user: Buffer.from('app'), password: Buffer.from('x') } },
      as,
    );
    await site.put({ generated: { name: 'password', length: 40, characters: 'abcdef!' } });
    const seen = new Set<string>();
    for (const version of [3, 4]) {
      await site.rotations.rotateSecret({ path: site.path }, as);
      await site.reaches({ state: SCHEDULED, lastVersion: version });
      const texts = await site.texts();
      expect(texts).toEqual({ user: 'app', password: expect.stringMatching(/^[a-f!]{40}$/) });
      seen.add(texts.password as string);
    }
    expect(seen.size).toBe(2);
    expect(await site.told(SecretRotatedSchema)).toHaveLength(2);
  });

  it('is random bytes where those are asked for, of secrets that want the version they replace, too', async () => {
    await using site = await rotated(shared);
    const settings = { requiresExpectedVersion: true };
    await site.secrets.putSecret({ path: site.path, data: { key: Buffer.alloc(1) }, settings }, as);
    await site.put({ generated: { name: 'key', randomBytes: 32 } });
    site.clock.advance(hourMs);
    await site.reaches({ lastVersion: 3 });
    expect((await site.data()).key).toHaveLength(32);
  });

  it('is not made of a version that is deleted', async () => {
    await using site = await rotated(shared);
    await site.put({ generated: { name: 'password', randomBytes: 32 } });
    await site.secrets.deleteSecretVersions({ path: site.path }, as);
    await site.rotations.rotateSecret({ path: site.path }, as);
    await site.reaches({ state: ROTATING, errorCode: 'secret_version_deleted' });
    await site.secrets.undeleteSecretVersions({ path: site.path, versions: [1] }, as);
    site.clock.advance(5000);
    await site.reaches({ state: SCHEDULED, lastVersion: 2 });
  });
});

describe('the settings of a rotation', () => {
  const hook = { url: 'https://hooks.example/rotate' };

  it.each([
    [{ hook: { url: 'http://127.0.0.1/rotate' } }, 'field_invalid'],
    [{ hook: { url: 'https://user:password@hooks.example/' } }, 'field_invalid'],
    [{ hook: { url: 'file:///etc/passwd' } }, 'field_invalid'],
    [{ hook: { url: 'hooks.example' } }, 'field_invalid'],
    [{ hook: { ...hook, caPem: 'no certificate' } }, 'field_invalid'],
    [{ hook, signingSecret: 'whsec_c2hvcnQ=' }, 'field_invalid'],
    [{ hook, periodMs: 3_599_000 }, 'field_invalid'],
    [{ hook, periodMs: 367 * 86_400_000 }, 'field_invalid'],
    [{ generated: { name: 'password', length: 10 } }, 'field_invalid'],
    [{ generated: { name: 'password', length: 4000, characters: 'aaaa' } }, 'field_invalid'],
    [{ generated: { name: 'password', length: 40, characters: 'ä' } }, 'field_invalid'],
    [{ generated: { name: 'password', randomBytes: 15 } }, 'field_invalid'],
    [{ generated: { name: 'password', randomBytes: 32, length: 32 } }, 'field_invalid'],
    [{ generated: { name: 'pasword', randomBytes: 32 } }, 'secret_key_missing'],
    [{ generated: { name: 'password', randomBytes: 32 }, signingSecret: 'whsec_c2hvcnQ=' }, 'field_invalid'],
    [{}, 'field_invalid'],
    [{ hook, of: 'none' }, 'secret_unknown'],
  ])('are not %j', async (asked, code) => {
    const { of = common.path, ...settings } = asked as RotationSettings & { readonly of?: string };
    expect((await faultOf(common.put(settings, of))).code).toBe(code);
  });

  let common: Awaited<ReturnType<typeof rotated>>;
  beforeAll(async () => {
    common = await rotated(shared);
  });
  afterAll(() => common[Symbol.asyncDispose]());

  it('hold a signing secret that is told once, or was given and is not told', async () => {
    const again = await common.put({ hook: { url: 'https://hooks.example/other' } });
    expect(again.signingSecret).toBe('');
    expect(toJsonString(SecretRotationSchema, await common.rotation())).not.toContain('whsec_');
    const given = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
    expect((await common.put({ hook, signingSecret: given })).signingSecret).toBe('');
    const { rows } = await sql<{
      signing_key: Buffer;
    }>`select signing_key from secret_rotations where path = ${common.path}`.execute(common.db.kysely);
    expect(rows.some(({ signing_key }) => signing_key.includes(Buffer.alloc(24, 7)))).toBe(false);
  });

  it('leave a rotation that is under way as it is when they are told again', async () => {
    await using site = await rotated(shared);
    site.hook.behaviour = status(204);
    const { rotationId } = await site.rotations.rotateSecret({ path: site.path }, as);
    await site.reaches({ state: AWAITING_VERSION });
    const way = { hook: { url: site.hook.url, caPem: site.hook.ca } };
    expect((await site.put({ ...way, periodMs: 2 * hourMs })).rotation).toMatchObject({ rotationId });
    expect((await site.put({ hook })).rotation).toMatchObject({ rotationId: '', state: SCHEDULED });
  });

  it('are of who may put the secret, too', async () => {
    const caller = person('mallory', 'secret-rotations.put');
    const refused = common.rotations.putSecretRotation(requestOf({ hook }, common.path), { caller });
    expect(await faultOf(refused)).toMatchObject({ kind: 'permission_denied', code: 'secret_write_required' });
  });

  it('end with their secret, or before', async () => {
    await using site = await rotated(shared);
    await site.rotations.deleteSecretRotation({ path: site.path }, as);
    expect((await faultOf(site.rotation())).code).toBe('secret_rotation_unknown');
    expect((await faultOf(site.rotations.rotateSecret({ path: site.path }, as))).code).toBe('secret_rotation_unknown');
    await site.put({ hook });
    await site.secrets.destroySecretVersions({ path: site.path }, as);
    expect((await faultOf(site.rotation())).code).toBe('secret_rotation_unknown');
  });
});

import { timestampDate } from '@bufbuild/protobuf/wkt';
import { SecretRotatedSchema, SecretRotationFailedSchema } from '@gabion/contracts/gabion/kms/v1/events_pb';
import { SealService } from '@gabion/contracts/gabion/kms/v1/seal_pb';
import {
  type SecretRotation,
  SecretRotationService,
  SecretRotationState,
} from '@gabion/contracts/gabion/kms/v1/secret_rotations_pb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { signingKeyIn } from '../src/rotations/hook-signature.ts';
import { start } from '../src/service.ts';
import { bodyOf, HookServer, isSigned, status, versionOf } from './hook-server.ts';
import { config, connectAs, eventually, faultOf, platform, root, type TestClock } from './platform.ts';
import { rotated } from './rotating.ts';

const as = { caller: root };
const hourMs = 3_600_000;
let shared: Awaited<ReturnType<typeof platform>>;
beforeAll(async () => {
  shared = await platform();
});
afterAll(() => shared[Symbol.asyncDispose]());

const { SCHEDULED, ROTATING, AWAITING_VERSION, FAILED } = SecretRotationState;

describe('a rotation by a hook', () => {
  it('makes the version that the hook answers, when its time has come and again a period later', async () => {
    await using site = await rotated(shared);
    const before = await site.rotation();
    expect(before).toMatchObject({ state: SCHEDULED, lastVersion: 0 });
    expect(msUntil(site, before)).toBeCloseTo(hourMs, -4);
    site.clock.advance(hourMs);
    await site.reaches({ state: SCHEDULED, lastVersion: 2, rotationId: '', errorCode: '' });
    expect(await site.texts()).toEqual({ password: 'from the hook' });
    expect(msUntil(site, await site.rotation())).toBeGreaterThan(hourMs - 60_000);
    site.clock.advance(hourMs);
    await site.reaches({ lastVersion: 3 });
    expect(new Set(site.hook.ids).size).toBe(2);
  });

  it('asks with a signature of Standard Webhooks and never with a value, and tells of the version', async () => {
    await using site = await rotated(shared);
    const { rotationId } = await site.rotations.rotateSecret({ path: site.path }, as);
    await site.reaches({ lastVersion: 2 });
    const [asked] = site.hook.asked;
    expect(asked?.sent).toEqual({ rotationId, path: site.path, currentVersion: 1, attempt: 1, putWithinSeconds: 600 });
    expect(asked?.headers['webhook-id']).toBe(rotationId);
    expect(Math.abs(Number(asked?.headers['webhook-timestamp']) - site.clock.now().getTime() / 1000)).toBeLessThan(60);
    expect(isSigned(asked!, signingKeyIn(site.signingSecret)!)).toBe(true);
    expect(isSigned(asked!, Buffer.alloc(32))).toBe(false);
    expect(await site.told(SecretRotatedSchema)).toEqual([
      expect.objectContaining({ path: site.path, rotationId, version: 2 }),
    ]);
    const { rows } = await sql<{ body: Buffer }>`select body from events.log`.execute(site.db.kysely);
    const all = rows.map(({ body }) => body.toString('latin1')).join();
    expect(all).toContain('secrets.rotate');
    for (const secret of ['first', 'from the hook', site.signingSecret.slice(6)]) expect(all).not.toContain(secret);
  });

  it('is tried again with the same id after a failure, and says what failed', async () => {
    await using site = await rotated(shared);
    site.hook.behaviour = status(503);
    const { rotationId } = await site.rotations.rotateSecret({ path: site.path }, as);
    await site.reaches({ state: ROTATING, errorCode: 'hook_failed', attempts: 1, rotationId });
    expect(msUntil(site, await site.rotation())).toBeLessThanOrEqual(5000);
    site.hook.behaviour = versionOf({ password: 'second' });
    site.clock.advance(5000);
    await site.reaches({ state: SCHEDULED, lastVersion: 2, errorCode: '', attempts: 0 });
    expect(site.hook.ids).toEqual([rotationId, rotationId]);
    expect(site.hook.asked.map(({ sent }) => sent.attempt)).toEqual([1, 2]);
  });

  it.each([
    ['no JSON', bodyOf('password'), 'hook_answer_invalid'],
    ['a name twice', bodyOf('{"data":{"a":"eA==","a":"eQ=="}}'), 'hook_answer_invalid'],
    ['more than is asked', bodyOf('{"data":{"a":"eA=="},"more":1}'), 'hook_answer_invalid'],
    ['more than fits', bodyOf('x'.repeat(1_572_865)), 'hook_answer_too_large'],
    ['values of more than 1 MiB', versionOf({ one: 'x'.repeat(600_000), two: 'x'.repeat(500_000) }), 'field_invalid'],
    ['a refusal', status(404), 'hook_failed'],
    ['another success', status(202), 'hook_failed'],
  ])('makes no version of %s', async (_, behaviour, errorCode) => {
    await using site = await rotated(shared);
    site.hook.behaviour = behaviour;
    await site.rotations.rotateSecret({ path: site.path }, as);
    await site.reaches({ state: ROTATING, errorCode, attempts: 1 });
    expect(await site.texts()).toEqual({ password: 'first' });
  });

  it('follows no redirect', async () => {
    await using site = await rotated(shared);
    await using elsewhere = await HookServer.start();
    site.hook.behaviour = status(307, { location: elsewhere.url });
    await site.rotations.rotateSecret({ path: site.path }, as);
    await site.reaches({ errorCode: 'hook_redirects' });
    expect(elsewhere.asked).toEqual([]);
  });

  it('goes to nobody whose certificate is not verified', async () => {
    await using site = await rotated(shared);
    await using other = await HookServer.start();
    await site.put({ hook: { url: site.hook.url, caPem: other.ca } });
    await site.rotations.rotateSecret({ path: site.path }, as);
    await site.reaches({ errorCode: 'hook_unreachable' });
    await site.put({ hook: { url: site.hook.url, caPem: '' } });
    await site.rotations.rotateSecret({ path: site.path }, as);
    await site.reaches({ errorCode: 'hook_unreachable', attempts: 1 });
    expect(site.hook.asked).toEqual([]);
  });

  it('waits 10 s for an answer, and not for one that comes drop by drop', async () => {
    await using site = await rotated(shared);
    let drops: NodeJS.Timeout | undefined;
    site.hook.behaviour = (response) => {
      drops = setInterval(() => response.write(' '), 500);
    };
    await site.rotations.rotateSecret({ path: site.path }, as);
    await site.reaches({ errorCode: 'hook_timed_out' }, 20_000);
    clearInterval(drops);
  });

  it('begins anew when somebody else put a version while the hook was making one', async () => {
    await using site = await rotated(shared);
    let isFirst = true;
    site.hook.behaviour = async (response, asked) => {
      if (isFirst) await site.putSecret('by hand');
      isFirst = false;
      versionOf({ password: 'from the hook' })(response, asked);
    };
    await site.rotations.rotateSecret({ path: site.path }, as);
    await site.reaches({ errorCode: 'expected_version_differs', fromVersion: 2 });
    expect(await site.texts()).toEqual({ password: 'by hand' });
    site.clock.advance(5000);
    await site.reaches({ state: SCHEDULED, lastVersion: 3 });
    expect(new Set(site.hook.ids).size).toBe(2);
    expect(site.hook.asked.map(({ sent }) => sent.currentVersion)).toEqual([1, 2]);
  });

  it('is given up after 10 attempts, tells it, and begins anew later', async () => {
    await using site = await rotated(shared);
    site.hook.behaviour = status(500);
    const { rotationId } = await site.rotations.rotateSecret({ path: site.path }, as);
    for (let attempts = 1; attempts < 10; attempts++) {
      await site.reaches({ attempts });
      await site.rotations.rotateSecret({ path: site.path }, as);
    }
    await site.reaches({ state: FAILED, attempts: 10, rotationId: '', errorCode: 'hook_failed' });
    expect(new Set(site.hook.ids)).toEqual(new Set([rotationId]));
    expect(await site.told(SecretRotationFailedSchema)).toEqual([
      expect.objectContaining({ path: site.path, rotationId, fromVersion: 1, attempts: 10, code: 'hook_failed' }),
    ]);
    site.hook.behaviour = versionOf({ password: 'late' });
    site.clock.advance(hourMs);
    await site.reaches({ state: SCHEDULED, lastVersion: 2, errorCode: '' });
  });
});

describe('a hook that puts the version itself', () => {
  it('ends its rotation by the put', async () => {
    await using site = await rotated(shared);
    site.hook.behaviour = status(204);
    const { rotationId } = await site.rotations.rotateSecret({ path: site.path }, as);
    await site.reaches({ state: AWAITING_VERSION, rotationId });
    await site.putSecret('put by the hook');
    expect(await site.rotation()).toMatchObject({ state: SCHEDULED, lastVersion: 2, rotationId: '' });
    expect(await site.told(SecretRotatedSchema)).toEqual([expect.objectContaining({ rotationId, version: 2 })]);
  });

  it('may do so before it answers', async () => {
    await using site = await rotated(shared);
    site.hook.behaviour = async (response, asked) => {
      await site.putSecret('put by the hook');
      status(204)(response, asked);
    };
    await site.rotations.rotateSecret({ path: site.path }, as);
    await site.reaches({ state: SCHEDULED, lastVersion: 2 });
    expect(site.hook.asked).toHaveLength(1);
  });

  it('is asked again, with the same id, when it has not by its deadline', async () => {
    await using site = await rotated(shared, { putWithinSeconds: 30 });
    site.hook.behaviour = status(204);
    const { rotationId } = await site.rotations.rotateSecret({ path: site.path }, as);
    await site.reaches({ state: AWAITING_VERSION });
    site.clock.advance(30_000);
    await site.reaches({ state: ROTATING, errorCode: 'hook_version_missing' });
    site.clock.advance(5000);
    await site.reaches({ state: AWAITING_VERSION });
    expect(site.hook.ids).toEqual([rotationId, rotationId]);
  });
});

describe('one rotation', () => {
  it('waits while the service is sealed', async () => {
    await using own = await platform();
    await using site = await rotated(own);
    await site.gateway.client(SealService).closeSeal({}, as);
    await site.rotations.rotateSecret({ path: site.path }, as);
    await using second = await start(config(site.dir, site.url, { replica: 1 }), site.clock.now);
    await eventually(() => site.hook.asked.length === 1);
    using gateway = connectAs('gateway', second.address);
    const rotation = () => gateway.client(SecretRotationService).getSecretRotation({ path: site.path }, as);
    await eventually(async () => (await rotation()).lastVersion === 2);
    const { attempts, errorCode } = await rotation();
    expect({ attempts, errorCode }).toEqual({ attempts: 0, errorCode: '' });
  });

  it('is begun by many at once, on two replicas, and asks and makes a version once', async () => {
    await using own = await platform({ replicas: 2 });
    await using site = await rotated(own);
    const open = Promise.withResolvers<void>();
    site.hook.behaviour = async (response, asked) => {
      await open.promise;
      versionOf({ password: 'once' })(response, asked);
    };
    const clients = site.gateways.map((gateway) => gateway.client(SecretRotationService));
    const begun = await Promise.all(
      Array.from({ length: 20 }, (_, at) => clients[at % 2]!.rotateSecret({ path: site.path }, as)),
    );
    expect(new Set(begun.map(({ rotationId }) => rotationId)).size).toBe(1);
    await eventually(() => site.hook.asked.length > 0);
    open.resolve();
    await site.reaches({ state: SCHEDULED, lastVersion: 2 });
    expect(site.hook.asked).toHaveLength(1);
    expect(await site.told(SecretRotatedSchema)).toHaveLength(1);
  });

  it('is taken on by another replica when the first stops while the hook is asked', async () => {
    await using own = await platform();
    await using site = await rotated(own);
    site.hook.behaviour = () => {};
    const { rotationId } = await site.rotations.rotateSecret({ path: site.path }, as);
    await eventually(() => site.hook.asked.length === 1);
    await using second = await start(config(site.dir, site.url, { replica: 1 }), site.clock.now);
    site.hook.behaviour = versionOf({ password: 'once' });
    await site.started[0]?.[Symbol.asyncDispose]();
    using gateway = connectAs('gateway', second.address);
    const rotation = () => gateway.client(SecretRotationService).getSecretRotation({ path: site.path }, as);
    await eventually(async () => (await rotation()).state === SCHEDULED, 10_000);
    expect(site.hook.ids).toEqual([rotationId, rotationId]);
    expect(await rotation()).toMatchObject({ lastVersion: 2 });
  });

  it('is taken on with its id when a replica died with it, once its lease is over', async () => {
    await using site = await rotated(shared);
    const id = '00000000-0000-4000-8000-000000000001';
    const until = new Date(site.clock.now().getTime() + 60_000);
    await sql`update secret_rotations set rotation_id = ${id}, from_version = 1, state = ${ROTATING}, attempts = 1,
      next_time = now(), leased_by = ${id}, lease_until = ${until} where path = ${site.path}`.execute(site.db.kysely);
    await site.putSecret('first', `${site.path}-other`);
    await site.put({ generated: { name: 'password', randomBytes: 16 } }, `${site.path}-other`);
    await site.rotations.rotateSecret({ path: `${site.path}-other` }, as);
    await eventually(async () => (await site.rotation(`${site.path}-other`)).lastVersion === 2);
    expect(site.hook.asked).toEqual([]);
    site.clock.advance(60_000);
    await site.reaches({ state: SCHEDULED, lastVersion: 2 });
    expect(site.hook.ids).toEqual([id]);
  });

  it('is only begun from the version that was expected', async () => {
    await using site = await rotated(shared);
    const refused = site.rotations.rotateSecret({ path: site.path, expectedVersion: 2 }, as);
    expect(await faultOf(refused)).toMatchObject({ kind: 'aborted', code: 'expected_version_differs' });
    await site.rotations.rotateSecret({ path: site.path, expectedVersion: 1 }, as);
    await site.reaches({ lastVersion: 2 });
  });
});

function msUntil({ clock }: { readonly clock: TestClock }, { nextTime }: SecretRotation): number {
  return nextTime ? timestampDate(nextTime).getTime() - clock.now().getTime() : Number.NaN;
}

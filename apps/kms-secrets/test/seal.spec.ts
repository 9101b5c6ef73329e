import { randomBytes } from 'node:crypto';
import { chmod, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SealKind, SealService } from '@gabion/contracts/gabion/kms/v1/seal_pb';
import { describe, expect, it } from '@jest/globals';
import { start } from '../src/service.ts';
import { config, connectAs, eventually, faultOf, person, platform, root } from './platform.ts';

const shamir = { kind: 'shamir' } as const;

describe('a seal by shares', () => {
  it('is made once, opened by any five of nine, and tells how far it is', async () => {
    await using site = await platform({ seal: shamir });
    const seal = site.gateway.client(SealService);
    expect(await seal.getSeal({})).toMatchObject({ isInitialized: false, isSealed: true });
    const { shares } = await initialised(seal);
    expect(shares).toHaveLength(9);
    expect(await seal.getSeal({})).toMatchObject({ isInitialized: true, isSealed: false, threshold: 5, shares: 9 });
    expect(await faultOf(initialised(seal))).toMatchObject({ code: 'seal_already_initialised' });

    await seal.closeSeal({}, as);
    expect(await seal.getSeal({})).toMatchObject({ isSealed: true, progress: 0 });
    for (const [at, share] of shares.slice(2, 6).entries())
      expect(await seal.unseal({ share }, as)).toMatchObject({ isSealed: true, progress: at + 1 });
    expect(await seal.unseal({ share: shares[8] as Uint8Array }, as)).toMatchObject({ isSealed: false, progress: 0 });
  });

  it('counts a share once however often it is given, and forgets all when they do not open it', async () => {
    await using site = await platform({ seal: shamir });
    const seal = site.gateway.client(SealService);
    const { shares } = await initialised(seal, { threshold: 3, shares: 5 });
    await seal.closeSeal({}, as);
    const [first, second] = shares as [Uint8Array, Uint8Array];
    await seal.unseal({ share: first }, as);
    expect(await seal.unseal({ share: first }, as)).toMatchObject({ progress: 1 });
    await seal.unseal({ share: second }, as);
    expect(await faultOf(seal.unseal({ share: falseShare(shares) }, as))).toMatchObject({
      kind: 'permission_denied',
      code: 'shares_refused',
    });
    expect(await seal.getSeal({})).toMatchObject({ isSealed: true, progress: 0 });
    await Promise.all(shares.slice(0, 3).map((share) => seal.unseal({ share }, as)));
    expect(await seal.getSeal({})).toMatchObject({ isSealed: false });
  });

  it.each([
    ['too short', Buffer.alloc(32, 1)],
    ['too long', Buffer.alloc(34, 1)],
    ['of the place 0', Buffer.alloc(33)],
  ])('takes no share that is %s', async (_, share) => {
    await using site = await platform({ seal: shamir });
    const seal = site.gateway.client(SealService);
    await initialised(seal);
    await seal.closeSeal({}, as);
    expect(await faultOf(seal.unseal({ share }, as))).toMatchObject({ code: 'share_malformed' });
  });

  it.each([
    [{ kind: SealKind.SHAMIR, threshold: 1, shares: 1 }, 'seal_settings_invalid'],
    [{ kind: SealKind.SHAMIR, threshold: 4, shares: 3 }, 'seal_settings_invalid'],
    [{ kind: SealKind.SHAMIR, shares: 3, recipients: [randomBytes(32)] }, 'seal_settings_invalid'],
    [{ kind: SealKind.FILE }, 'seal_settings_invalid'],
    [{ kind: SealKind.ATTESTED }, 'seal_kind_unsupported'],
  ])('is not made as %p', async (settings, code) => {
    await using site = await platform({ seal: shamir });
    const refused = site.gateway.client(SealService).initialize({ settings }, as);
    expect(await faultOf(refused)).toMatchObject({ code });
  });

  it('is opened and closed only by those who may', async () => {
    await using site = await platform({ seal: shamir });
    const seal = site.gateway.client(SealService);
    const { shares } = await initialised(seal);
    const holder = { caller: person('holder', 'seal.unseal') };
    expect(await faultOf(seal.closeSeal({}, holder))).toMatchObject({ kind: 'permission_denied' });
    await seal.closeSeal({}, as);
    expect(await seal.unseal({ share: shares[0] as Uint8Array }, holder)).toMatchObject({ progress: 1 });
  });

  it('stays open when it gets new shares, and the old ones open nothing afterwards', async () => {
    await using site = await platform({ seal: shamir });
    const seal = site.gateway.client(SealService);
    const { shares } = await initialised(seal, { threshold: 2, shares: 3 });
    const settings = { kind: SealKind.SHAMIR, threshold: 3, shares: 4 };
    const { id } = await seal.beginReseal({ settings }, as);
    expect(await faultOf(seal.finishReseal({ id }, as))).toMatchObject({ code: 'reseal_unauthorised' });
    expect(await faultOf(seal.rotateRootKey({}, as))).toMatchObject({ code: 'reseal_in_progress' });
    expect(await seal.authorizeReseal({ id, share: shares[0] as Uint8Array }, as)).toMatchObject({ progress: 1 });
    const { shares: next } = await seal.authorizeReseal({ id, share: shares[2] as Uint8Array }, as);
    expect(next).toHaveLength(4);
    expect(await seal.finishReseal({ id }, as)).toMatchObject({ isSealed: false, generation: 2, threshold: 3 });

    await seal.closeSeal({}, as);
    for (const share of shares.slice(0, 2)) await seal.unseal({ share }, as);
    expect(await faultOf(seal.unseal({ share: shares[2] as Uint8Array }, as))).toMatchObject({
      code: 'shares_refused',
    });
    for (const share of next.slice(1)) await seal.unseal({ share }, as);
    expect(await seal.getSeal({})).toMatchObject({ isSealed: false });
  });

  it('keeps a reseal from those who neither began it nor may close the seal', async () => {
    await using site = await platform({ seal: shamir });
    const seal = site.gateway.client(SealService);
    const { shares } = await initialised(seal, { threshold: 2, shares: 3 });
    const settings = { kind: SealKind.SHAMIR, threshold: 2, shares: 2 };
    const { id } = await seal.beginReseal({ settings }, as);
    const other = { caller: person('other', 'seal.reseal') };
    expect(await faultOf(seal.cancelReseal({ id }, other))).toMatchObject({ code: 'reseal_of_another' });
    await seal.authorizeReseal({ id, share: shares[0] as Uint8Array }, as);
    expect(await faultOf(seal.authorizeReseal({ id, share: falseShare(shares) }, as))).toMatchObject({
      code: 'shares_refused',
    });
    await seal.cancelReseal({ id }, as);
    expect(await faultOf(seal.finishReseal({ id }, as))).toMatchObject({ code: 'reseal_unknown' });
  });

  it('closes every replica within a second', async () => {
    await using site = await platform({ seal: shamir, replicas: 2 });
    const [first, second] = site.gateways.map((each) => each.client(SealService)) as [Seals, Seals];
    const { shares } = await initialised(first, { threshold: 2, shares: 2 });
    for (const share of shares) await second.unseal({ share }, as);
    expect(await second.getSeal({})).toMatchObject({ isSealed: false });
    await first.closeSeal({}, as);
    await eventually(async () => (await second.getSeal({})).isSealed, 1000);
  });
});

describe('a seal by file', () => {
  it('is made at the first start, for its owner only, and opens at every other', async () => {
    await using site = await platform();
    expect(await site.gateway.client(SealService).getSeal({})).toMatchObject({ isSealed: false, kind: SealKind.FILE });
    const path = join(site.dir, 'seal.key');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readFile(path, 'utf8')).toMatch(/^[0-9a-f]{64}\n$/);
    await using again = await another(site);
    expect(await again.seal.getSeal({})).toMatchObject({ isSealed: false, generation: 1 });
  });

  it('stays closed, and says why, without its file, with a file of others and with one that others can read', async () => {
    await using site = await platform();
    const path = join(site.dir, 'seal.key');
    const right = await readFile(path, 'utf8');
    await chmod(path, 0o644);
    expect(await problemOf(site)).toContain('can be read by others');
    await rm(path);
    expect(await problemOf(site)).toContain('is missing');
    await writeFile(path, right.replace(/^../, 'zz'), { mode: 0o600 });
    expect(await problemOf(site)).toContain('does not hold');
    await writeFile(path, randomBytes(32).toString('hex'));
    expect(await problemOf(site)).toContain('of another seal');
    await writeFile(path, right);
    expect(await problemOf(site)).toBe('');
  });

  it('goes over to shares and back without closing', async () => {
    await using site = await platform();
    const seal = site.gateway.client(SealService);
    const path = join(site.dir, 'seal.key');
    const begun = await seal.beginReseal({ settings: { kind: SealKind.SHAMIR, threshold: 2, shares: 2 } }, as);
    expect(await seal.finishReseal({ id: begun.id }, as)).toMatchObject({ isSealed: false, kind: SealKind.SHAMIR });
    await eventually(() =>
      stat(path).then(
        () => false,
        () => true,
      ),
    );
    const { id } = await seal.beginReseal({ settings: { kind: SealKind.FILE } }, as);
    for (const share of begun.shares) await seal.authorizeReseal({ id, share }, as);
    expect(await seal.finishReseal({ id }, as)).toMatchObject({ isSealed: false, kind: SealKind.FILE, generation: 3 });
    await eventually(() =>
      stat(path).then(
        () => true,
        () => false,
      ),
    );
    expect(await problemOf(site)).toBe('');
  });

  it('gets a new root key while it is open', async () => {
    await using site = await platform({ replicas: 2 });
    const [first, second] = site.gateways.map((each) => each.client(SealService)) as [Seals, Seals];
    expect(await first.rotateRootKey({}, as)).toMatchObject({ isSealed: false, rootKeyVersion: 2 });
    expect(await second.rotateRootKey({}, as)).toMatchObject({ isSealed: false, rootKeyVersion: 3 });
    expect(await first.getSeal({})).toMatchObject({ isSealed: false, rootKeyVersion: 3 });
    expect(await problemOf(site)).toBe('');
  });
});

type Site = Awaited<ReturnType<typeof platform>>;
type Seals = ReturnType<typeof sealsOf>;
const sealsOf = (site: Site) => site.gateway.client(SealService);

const as = { caller: root };

function initialised(seal: Seals, { threshold = 0, shares = 0 } = {}) {
  return seal.initialize({ settings: { kind: SealKind.SHAMIR, threshold, shares } }, as);
}

/** A share of nothing, at a place where none of the others is. */
function falseShare(shares: readonly Uint8Array[]): Buffer {
  const taken = new Set(shares.map((share) => share.at(-1)));
  const free = Array.from({ length: 255 }, (_, at) => at + 1).find((place) => !taken.has(place)) as number;
  return Buffer.concat([randomBytes(32), Buffer.of(free)]);
}

/** One more replica, started now. */
async function another(site: Site) {
  const running = await start(config(site.dir, site.url, { replica: 7 }));
  const connection = connectAs('gateway', running.address);
  return {
    seal: connection.client(SealService),
    async [Symbol.asyncDispose]() {
      connection[Symbol.dispose]();
      await running[Symbol.asyncDispose]();
    },
  };
}

async function problemOf(site: Site): Promise<string> {
  await using replica = await another(site);
  return (await replica.seal.getSeal({})).problem;
}

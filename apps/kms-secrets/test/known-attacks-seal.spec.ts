import { randomBytes } from 'node:crypto';
import { AuditRecordedSchema } from '@gabion/contracts/gabion/audit/v1/audit_pb';
import { KeyService, KeyType } from '@gabion/contracts/gabion/kms/v1/keys_pb';
import { CryptoService } from '@gabion/contracts/gabion/kms/v1/operations_pb';
import { SealKind, SealService } from '@gabion/contracts/gabion/kms/v1/seal_pb';
import { SecretService } from '@gabion/contracts/gabion/kms/v1/secrets_pb';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { faultOf, person, platform, root } from './platform.ts';
import { eventsOf } from './trail.ts';

const as = { caller: root };
const threshold = 3;
const settings = { kind: SealKind.SHAMIR, threshold, shares: 5 };

describe('what broke the seals of other key services does not break this one', () => {
  let site: Awaited<ReturnType<typeof platform>>;
  let shares: readonly Uint8Array[];
  const seal = () => site.gateway.client(SealService);
  const unseal = (share: Uint8Array) => seal().unseal({ share }, as);

  beforeAll(async () => {
    site = await platform({ seal: { kind: 'shamir' } });
    shares = (await seal().initialize({ settings }, as)).shares;
  });
  beforeEach(async () => {
    await seal().resetUnseal({}, as);
    for (const share of shares.slice(0, threshold)) await unseal(share);
  });
  afterAll(() => site[Symbol.asyncDispose]());

  it.each([
    ['nobody', []],
    ['who may read everything', ['*.get', '*.list', 'seal.get', 'keys.*', 'secrets.*']],
    ['who may give shares', ['seal.unseal']],
  ])('CVE-2025-4656, CVE-2026-5807: %s cannot cancel a reseal, or go on with it', async (_, permissions) => {
    const { id } = await seal().beginReseal({ settings }, as);
    const other = { caller: person('mallory', ...permissions) };
    const share = shares[0] as Uint8Array;
    const attempts = [
      seal().cancelReseal({ id }, other),
      seal().finishReseal({ id }, other),
      seal().authorizeReseal({ id, share }, other),
      seal().beginReseal({ settings }, other),
      seal().rotateRootKey({}, other),
      seal().closeSeal({}, other),
      seal().initialize({ settings }, other),
    ];
    const faults = await Promise.all(attempts.map(faultOf));
    expect(faults.map(({ kind }) => kind)).toEqual(attempts.map(() => 'permission_denied'));
    for (const each of shares.slice(0, threshold)) await seal().authorizeReseal({ id, share: each }, as);
    await seal().cancelReseal({ id }, as);
    expect(await seal().getSeal({})).toMatchObject({ isSealed: false, generation: 1 });
  });

  it('CVE-2025-4656: a reseal is cancelled by its own id only, and once', async () => {
    const { id } = await seal().beginReseal({ settings }, as);
    const wrong = id.replace(/^./, (digit) => (digit === '0' ? '1' : '0'));
    expect((await faultOf(seal().cancelReseal({ id: wrong }, as))).code).toBe('reseal_unknown');
    await seal().cancelReseal({ id }, as);
    expect((await faultOf(seal().cancelReseal({ id }, as))).code).toBe('reseal_unknown');
  });

  it('CVE-2025-6014: a share counts once however it is given again, and none outlives the seal it was given to', async () => {
    await seal().closeSeal({}, as);
    const [first, second] = shares as [Uint8Array, Uint8Array];
    for (let time = 0; time < 10; time++) expect(await unseal(first)).toMatchObject({ isSealed: true, progress: 1 });
    // In other writing: a byte before or behind it, or another value in its place.
    for (const other of [Buffer.concat([first, Buffer.of(0)]), Buffer.concat([Buffer.of(0), first]), first.subarray(1)])
      expect((await faultOf(unseal(other))).code).toBe('share_malformed');
    const inItsPlace = Buffer.concat([randomBytes(32), first.subarray(32)]);
    expect(await unseal(inItsPlace)).toMatchObject({ progress: 1 });
    expect(await unseal(second)).toMatchObject({ progress: 2 });
    // The one that was replaced is missing, and all are forgotten with it.
    expect((await faultOf(unseal(shares[2] as Uint8Array))).code).toBe('shares_refused');
    expect(await seal().getSeal({})).toMatchObject({ isSealed: true, progress: 0 });
    for (const share of shares.slice(0, threshold)) await unseal(share);
    await seal().closeSeal({}, as);
    expect(await unseal(first)).toMatchObject({ isSealed: true, progress: 1 });
  });

  it('has refused shares on the trail, with who gave them', async () => {
    await seal().closeSeal({}, as);
    const holder = { caller: person('holder', 'seal.unseal') };
    const guesses = [1, 2, 3].map((place) => Buffer.concat([randomBytes(32), Buffer.of(place)]));
    for (const share of guesses.slice(0, 2)) await seal().unseal({ share }, holder);
    await faultOf(seal().unseal({ share: guesses[2] as Buffer }, holder));
    const records = (await eventsOf(site, AuditRecordedSchema)).filter(({ actor }) => actor?.id === 'holder');
    expect(records.map(({ code }) => code)).toEqual(['', '', 'shares_refused']);
    expect(records.every(({ action }) => action.endsWith('/Unseal'))).toBe(true);
  });

  it('opens once when all give their shares at once, again and again', async () => {
    for (let round = 0; round < 3; round++) {
      await seal().closeSeal({}, as);
      const given = Array.from({ length: 40 }, (_, at) => shares[at % shares.length] as Uint8Array);
      const outcomes = await Promise.allSettled(given.map((share) => unseal(share)));
      expect(outcomes.filter(({ status }) => status === 'rejected')).toEqual([]);
      expect(await seal().getSeal({})).toMatchObject({ isSealed: false, progress: 0, generation: 1 });
    }
  });

  it('does not open to false shares among true ones, nor fails when both come at once', async () => {
    await seal().closeSeal({}, as);
    const guesses = Array.from({ length: 40 }, (_, at) => Buffer.concat([randomBytes(32), Buffer.of(at + 1)]));
    const outcomes = await Promise.allSettled(guesses.map((share) => unseal(share)));
    const codes = outcomes.map((each) => (each.status === 'rejected' ? (each.reason as { code: string }).code : ''));
    expect(new Set(codes)).toEqual(new Set(['', 'shares_refused']));
    expect(await seal().getSeal({})).toMatchObject({ isSealed: true });
    await seal().resetUnseal({}, as);
    for (const share of shares.slice(0, threshold)) await unseal(share);
    expect(await seal().getSeal({})).toMatchObject({ isSealed: false });
  });

  it('answers nothing of keys and secrets while it is closed, whatever is asked', async () => {
    await site.gateway.client(KeyService).createKey({ name: 'k', type: KeyType.AES_256_GCM }, as);
    const secrets = site.gateway.client(SecretService);
    await secrets.putSecret({ path: 'a', data: { a: Buffer.from('x') } }, as);
    await seal().closeSeal({}, as);
    const asked = [
      site.gateway.client(CryptoService).encrypt({ key: 'k', plaintext: Buffer.from('x'), context: {} }, as),
      site.gateway.client(KeyService).backUpKey({ key: 'k' }, as),
      site.gateway.client(KeyService).createKey({ name: 'l', type: KeyType.AES_256_GCM }, as),
      secrets.readSecret({ path: 'a' }, as),
      secrets.putSecret({ path: 'b', data: { a: Buffer.from('x') } }, as),
      seal().rotateRootKey({}, as),
      seal().beginReseal({ settings }, as),
    ];
    const faults = await Promise.all(asked.map(faultOf));
    expect(faults.map(({ kind, code }) => `${kind} ${code}`)).toEqual(asked.map(() => 'unavailable sealed'));
  });
});

import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KeyService, KeyType } from '@gabion/contracts/gabion/kms/v1/keys_pb';
import { CryptoService } from '@gabion/contracts/gabion/kms/v1/operations_pb';
import { SealKind, SealService } from '@gabion/contracts/gabion/kms/v1/seal_pb';
import type { Connection } from '@gabion/rpc/client';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type configFrom, configFrom as parsed } from '../src/config.ts';
import { TransitKey } from '../src/seal/transit-key.ts';
import { start } from '../src/service.ts';
import { config, connectAs, eventually, faultOf, platform, root } from './platform.ts';
import { softHsmLibrary, softToken } from './soft-hsm.ts';
import { type StandIn, standIn } from './transit-stand-in.ts';

const as = { caller: root };
const onToken = (await softHsmLibrary()) ? describe : describe.skip;

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'gabion-hsm-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

onToken('a seal by a PKCS #11 token (needs SoftHSM2)', () => {
  let pkcs11: Awaited<ReturnType<typeof softToken>>;
  beforeAll(async () => {
    pkcs11 = await softToken(dir);
  });

  it('is made at the first start, and opens at every other', async () => {
    const seal = { kind: 'pkcs11', initialise: true, pkcs11 } as const;
    await using site = await platform({ seal });
    expect(await sealOf(site.gateway)).toMatchObject({ isSealed: false, kind: SealKind.PKCS11, shares: 0 });
    const ciphertext = await encrypted(site.gateway);
    await using again = await another(site, seal);
    expect(await sealOf(again.gateway)).toMatchObject({ isSealed: false, generation: 1, problem: '' });
    expect(await decrypted(again.gateway, ciphertext)).toBe('kept');
  });

  it('does not try a wrong PIN again, and says so', async () => {
    const seal = { kind: 'pkcs11', initialise: true, pkcs11 } as const;
    await using site = await platform({ seal });
    const pinFile = join(dir, 'wrong-pin');
    await writeFile(pinFile, '9999');
    await using wrong = await another(site, { ...seal, pkcs11: { ...pkcs11, pinFile } });
    expect(await sealOf(wrong.gateway)).toMatchObject({
      isSealed: true,
      problem: expect.stringContaining('CKR_PIN_INCORRECT'),
    });
  });

  it('says which token, key, library or PIN is not there', async () => {
    await using site = await platform({ seal: { kind: 'pkcs11', initialise: true, pkcs11 } });
    const problems = [];
    for (const wrong of [
      { token: 'nobody' },
      { key: 'another' },
      { module: join(dir, 'none.so') },
      { pinFile: join(dir, 'none') },
    ]) {
      await using replica = await another(site, { kind: 'pkcs11', pkcs11: { ...pkcs11, ...wrong } });
      problems.push((await sealOf(replica.gateway)).problem);
    }
    expect(problems).toEqual([
      expect.stringContaining('no token of that label'),
      expect.stringContaining('it has no key another'),
      expect.stringContaining('none.so'),
      expect.stringContaining('the PIN of the token is not read'),
    ]);
  });

  it('takes over from a file and hands over to shares, with the keys in use all the while', async () => {
    const path = join(dir, 'seal.key');
    const seal = { kind: 'file', initialise: true, path, pkcs11 } as const;
    await using site = await platform({ seal });
    const service = site.gateway.client(SealService);
    const ciphertext = await encrypted(site.gateway);
    const first = await service.beginReseal({ settings: { kind: SealKind.PKCS11 } }, as);
    expect(await service.finishReseal({ id: first.id }, as)).toMatchObject({ isSealed: false, kind: SealKind.PKCS11 });
    await using again = await another(site, seal);
    expect(await decrypted(again.gateway, ciphertext)).toBe('kept');
    const settings = { kind: SealKind.SHAMIR, threshold: 2, shares: 2 };
    const { id, shares } = await service.beginReseal({ settings }, as);
    await service.finishReseal({ id }, as);
    expect(shares).toHaveLength(2);
    expect(await decrypted(again.gateway, ciphertext)).toBe('kept');
    expect(await site.db.kysely.selectFrom('seal').select('held_key').execute()).toEqual([{ held_key: null }]);
  });

  it('cannot be what the service is not configured with', async () => {
    await using site = await platform();
    const service = site.gateway.client(SealService);
    for (const kind of [SealKind.PKCS11, SealKind.TRANSIT])
      expect(await faultOf(service.beginReseal({ settings: { kind } }, as))).toMatchObject({
        code: 'seal_holder_failed',
      });
    const attested = service.beginReseal({ settings: { kind: SealKind.ATTESTED } }, as);
    expect(await faultOf(attested)).toMatchObject({ code: 'seal_kind_unsupported' });
    expect(() => parsed({ ...config(dir, ''), seal: { kind: 'pkcs11' } })).toThrow('is not configured');
  });
});

describe('a seal by the key of another Gabion', () => {
  it('opens at every start, once the other one answers, and not after it was closed', async () => {
    await using other = await platform();
    await other.gateway.client(KeyService).createKey({ name: 'seal', type: KeyType.AES_256_GCM }, as);
    await using front = await standIn(other.gateway);
    const seal = { kind: 'transit', initialise: true, transit: await transitTo(front) } as const;
    await using site = await platform({ seal });
    expect(await sealOf(site.gateway)).toMatchObject({ isSealed: false, kind: SealKind.TRANSIT });
    const ciphertext = await encrypted(site.gateway);

    front.isDown = true;
    await using again = await another(site, seal);
    expect(await sealOf(again.gateway)).toMatchObject({
      isSealed: true,
      problem: expect.stringContaining('unavailable'),
    });
    front.isDown = false;
    await eventually(async () => !(await sealOf(again.gateway)).isSealed, 20_000);
    expect(await decrypted(again.gateway, ciphertext)).toBe('kept');

    await site.gateway.client(SealService).closeSeal({}, as);
    await eventually(async () => (await sealOf(again.gateway)).isSealed);
    const asked = front.asked;
    // Longer than it takes to try again.
    await new Promise((resolve) => setTimeout(resolve, 6000));
    expect(front.asked).toBe(asked);
  });

  it('is closed for its own place only', async () => {
    await using other = await platform();
    await other.gateway.client(KeyService).createKey({ name: 'seal', type: KeyType.AES_256_GCM }, as);
    await using front = await standIn(other.gateway);
    const key = new TransitKey(await transitTo(front));
    const place = { installation: 'here', generation: 3 };
    const bytes = randomBytes(32);
    const closed = await key.close(bytes, place);
    expect(await key.open(closed, place)).toEqual(bytes);
    expect(await faultOf(key.open(closed, { ...place, generation: 4 }))).toMatchObject({ code: 'seal_holder_failed' });
  });

  it('asks with its token, and says what is wrong with it', async () => {
    await using other = await platform();
    await using front = await standIn(other.gateway);
    const place = { installation: 'here', generation: 1 };
    const transit = await transitTo(front, 'another token');
    const refused = await faultOf(new TransitKey(transit).close(randomBytes(32), place));
    expect(refused.message).toContain('unauthenticated');
    const unread = await faultOf(
      new TransitKey({ ...transit, tokenFile: join(dir, 'no') }).close(randomBytes(32), place),
    );
    expect(unread.message).toContain('ENOENT');
  });
});

async function transitTo({ address, token }: StandIn, told = token) {
  const tokenFile = join(dir, `token-${randomBytes(4).toString('hex')}`);
  await writeFile(tokenFile, `${told}\n`);
  return { address, key: 'seal', tokenFile, isPlaintext: true };
}

function sealOf(gateway: Connection) {
  return gateway.client(SealService).getSeal({});
}

async function encrypted(gateway: Connection): Promise<Uint8Array> {
  await gateway.client(KeyService).createKey({ name: 'app', type: KeyType.AES_256_GCM }, as);
  const request = { key: 'app', plaintext: Buffer.from('kept') };
  return (await gateway.client(CryptoService).encrypt(request, as)).ciphertext;
}

async function decrypted(gateway: Connection, ciphertext: Uint8Array): Promise<string> {
  const { plaintext } = await gateway.client(CryptoService).decrypt({ key: 'app', ciphertext }, as);
  return Buffer.from(plaintext).toString();
}

type SealInput = NonNullable<Parameters<typeof configFrom>[0]['seal']>;

/** One more replica, started now. */
async function another({ dir: at, url }: { dir: string; url: string }, seal: SealInput) {
  const replica = Math.floor(Math.random() * 1e9);
  const running = await start(config(at, url, { replica, seal }));
  const gateway = connectAs('gateway', running.address);
  return {
    gateway,
    async [Symbol.asyncDispose]() {
      gateway[Symbol.dispose]();
      await running[Symbol.asyncDispose]();
    },
  };
}

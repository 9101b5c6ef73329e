import { join } from 'node:path';
import { KeyService, KeyType } from '@gabion/contracts/gabion/kms/v1/keys_pb';
import { CryptoService } from '@gabion/contracts/gabion/kms/v1/operations_pb';
import { SealKind, SealService } from '@gabion/contracts/gabion/kms/v1/seal_pb';
import { postgresForTests } from '@gabion/testkit/postgres';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { KeyHolders } from '../src/seal/key-holders.ts';
import { start } from '../src/service.ts';
import { AttestedHolder, TestAttestation, TestMachine } from './attestation-stand-in.ts';
import { config, connectAs, eventually, faultOf, platform, root } from './platform.ts';

const as = { caller: root };
const seal = { kind: 'attested', initialise: true } as const;

let server: Awaited<ReturnType<typeof postgresForTests>>;
beforeAll(async () => {
  server = await postgresForTests();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

let machine: TestMachine;
let holders: KeyHolders;
beforeEach(() => {
  machine = new TestMachine('kms-secrets 1');
  holders = { attested: new AttestedHolder(machine, new TestAttestation(machine.publicKey, 'kms-secrets 1')) };
});

describe('an attested seal', () => {
  it('is made at the first start, and opens at every other', async () => {
    await using site = await platform({ seal, holders });
    expect(await site.gateway.client(SealService).getSeal({})).toMatchObject({
      isSealed: false,
      kind: SealKind.ATTESTED,
    });
    await site.gateway.client(KeyService).createKey({ name: 'app', type: KeyType.AES_256_GCM }, as);
    const request = { key: 'app', plaintext: Buffer.from('kept') };
    const { ciphertext } = await site.gateway.client(CryptoService).encrypt(request, as);
    await using again = await another(site);
    expect(await again.client(SealService).getSeal({})).toMatchObject({ isSealed: false, problem: '' });
    const { plaintext } = await again.client(CryptoService).decrypt({ key: 'app', ciphertext }, as);
    expect(Buffer.from(plaintext).toString()).toBe('kept');
  });

  it('stays closed, and says why, while something else runs there', async () => {
    await using site = await platform({ seal, holders });
    machine.measurement = 'kms-secrets 1, changed';
    await using other = await another(site);
    expect(await other.client(SealService).getSeal({})).toMatchObject({
      isSealed: true,
      problem: expect.stringContaining('the measurement kms-secrets 1, changed is not accepted'),
    });
    machine.measurement = 'kms-secrets 1';
    // It is tried again every 5 s.
    await eventually(async () => !(await other.client(SealService).getSeal({})).isSealed, 15_000);
  });

  it('does not open by a quote that was overheard', async () => {
    await using site = await platform({ seal, holders });
    await using _first = await another(site);
    machine.replayed = machine.last;
    await using other = await another(site);
    expect(await other.client(SealService).getSeal({})).toMatchObject({
      isSealed: true,
      problem: expect.stringContaining('not for this nonce and key'),
    });
  });

  it('takes over from a file, and stays closed where nothing attests', async () => {
    await using site = await platform({ holders });
    const service = site.gateway.client(SealService);
    const { id } = await service.beginReseal({ settings: { kind: SealKind.ATTESTED } }, as);
    expect(await service.finishReseal({ id }, as)).toMatchObject({ isSealed: false, kind: SealKind.ATTESTED });
    await using again = await another(site);
    expect(await again.client(SealService).getSeal({})).toMatchObject({ isSealed: false });
    await using without = await another(site, {});
    expect(await without.client(SealService).getSeal({})).toMatchObject({
      isSealed: true,
      problem: expect.stringContaining('not configured with one'),
    });
    const refused = without.client(SealService).beginReseal({ settings: { kind: SealKind.ATTESTED } }, as);
    expect(await faultOf(refused)).toMatchObject({ code: 'seal_kind_unsupported' });
  });
});

/** The connection to one more replica, started now. */
async function another({ dir, url }: { dir: string; url: string }, plugged: KeyHolders = holders) {
  const path = join(dir, 'seal.key');
  const replica = Math.floor(Math.random() * 1e9);
  const running = await start(config(dir, url, { replica, seal: { kind: 'file', path } }), undefined, plugged);
  const connection = connectAs('gateway', running.address);
  return {
    client: connection.client.bind(connection) as typeof connection.client,
    async [Symbol.asyncDispose]() {
      connection[Symbol.dispose]();
      await running[Symbol.asyncDispose]();
    },
  };
}

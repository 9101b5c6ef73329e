import { KeyService, KeyState, KeyType } from '@gabion/contracts/gabion/kms/v1/keys_pb';
import { createLog } from '@gabion/telemetry/log';
import { describe, expect, it } from '@jest/globals';
import { KeyCaretaker } from '../src/keys/key-caretaker.ts';
import { KeyLifecycle } from '../src/keys/key-lifecycle.ts';
import { VersionMaterials } from '../src/keys/version-materials.ts';
import { openSeal } from '../src/seal/area.ts';
import { config, platform, root } from './platform.ts';

const as = { caller: root };
const dayMs = 86_400_000;

describe('the caretaker of keys', () => {
  it('rotates a key when its time has come, once, and not again when the clock goes back', async () => {
    await using site = await platform();
    const keys = site.gateway.client(KeyService);
    const settings = { rotationPeriod: { seconds: BigInt((2 * dayMs) / 1000) } };
    const { id } = await keys.createKey({ name: 'rotated', type: KeyType.AES_256_GCM, settings }, as);
    await using caretakers = await two(site);
    await caretakers.round();
    expect(await keys.getKey({ key: id }, as)).toMatchObject({ primaryVersion: 1 });
    site.clock.advance(2 * dayMs + 1000);
    await caretakers.round();
    expect(await keys.getKey({ key: id }, as)).toMatchObject({ primaryVersion: 2 });
    site.clock.advance(-3 * dayMs);
    await caretakers.round();
    expect(await keys.getKey({ key: id }, as)).toMatchObject({ primaryVersion: 2 });
  });

  it('destroys a key when its waiting time is over, and no earlier', async () => {
    await using site = await platform();
    const keys = site.gateway.client(KeyService);
    const { id } = await keys.createKey({ name: 'doomed', type: KeyType.ED25519 }, as);
    await keys.scheduleKeyDeletion({ key: id, waitingDays: 7 }, as);
    await using caretakers = await two(site);
    site.clock.advance(7 * dayMs - 60_000);
    await caretakers.round();
    expect(await keys.getKey({ key: id }, as)).toMatchObject({ state: KeyState.PENDING_DELETION });
    site.clock.advance(120_000);
    await caretakers.round();
    expect(await keys.getKey({ key: id }, as)).toMatchObject({ state: KeyState.DESTROYED });
    const left = await site.db.kysely.selectFrom('key_versions').select('wrapped').where('key_id', '=', id).execute();
    expect(left).toEqual([{ wrapped: null }]);
    expect((await keys.listKeys({}, as)).keys).toEqual([]);
    expect((await keys.listKeys({ includeDestroyed: true }, as)).keys).toHaveLength(1);
  });
});

type Site = Awaited<ReturnType<typeof platform>>;

/** Two caretakers that look at the same time, as two replicas do, on the clock of the site. */
async function two(site: Site) {
  const stack = new AsyncDisposableStack();
  const { db } = site;
  const { now } = site.clock;
  const log = createLog({ service: 'kms-secrets', level: 'fatal' });
  const use = <T extends Disposable | AsyncDisposable>(part: T): T => stack.use(part);
  const { seal } = config(site.dir, site.url);
  const { barrier } = await openSeal({ db, log, now, use } as never, seal);
  const lifecycle = new KeyLifecycle(new VersionMaterials(barrier), now);
  const each = [0, 1].map(() => use(new KeyCaretaker({ db, log, now, barrier, lifecycle })));
  return {
    round: () => Promise.all(each.map((caretaker) => caretaker.round())),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

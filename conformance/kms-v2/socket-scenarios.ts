import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Checks } from './checks.ts';
import type { Sealed } from './contract.ts';
import type { Hooks } from './hooks.ts';
import { callDeadlineMs, type Provider } from './provider.ts';

// The limits of the API server: k8s.io/apiserver, storage/value/encrypt/envelope/kmsv2.
const maxKeyId = 1024;
const maxCiphertext = 1024;
const maxAnnotations = 32 * 1024;
const domainName = /^(?:[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?\.)+[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;
/** A data key's seed has 32 bytes; earlier versions sent keys of other lengths. */
const plaintextLengths = [1, 16, 32, 48, 64];

/** What every provider must do over its socket; `boundMs` is how long a change of its key may take to show. */
export async function socketScenarios(provider: Provider, hooks: Hooks, checks: Checks, boundMs: number) {
  const run = (name: string, scenario: () => Promise<void>) => checks.scenario(name, scenario);
  await run('status', () => statusIsStable(provider, checks));
  await run('encrypt', () => encrypts(provider, checks));
  await run('damage', () => refusesDamage(provider, checks));
  await run('foreign', () => refusesForeign(provider, checks));
  await run('uid', () => takesAnyUid(provider, checks));
  await run('load', () => bearsLoad(provider, checks));
  const old = await provider.encrypt(randomBytes(32)).catch(() => undefined);
  if (hooks.rotate === undefined) checks.skip('rotation');
  else await run('rotation', () => rotates(provider, hooks.rotate as () => Promise<void>, checks, boundMs));
  if (hooks.restart === undefined) checks.skip('restart');
  else await run('restart', () => outlivesRestart(provider, hooks.restart as () => Promise<void>, checks, boundMs));
  if (hooks.disable === undefined || hooks.enable === undefined) return checks.skip('disabled key');
  await run('disabled key', () => stopsWhenDisabled(provider, hooks, old, checks, boundMs));
}

async function statusIsStable(provider: Provider, checks: Checks): Promise<void> {
  const seen = new Set<string>();
  for (let round = 0; round < 25; round++) {
    const { version, healthz, keyId } = await provider.status();
    seen.add(JSON.stringify([version, healthz, keyId]));
    await pause(20);
  }
  checks.check('status: the same 25 times', seen.size === 1, [...seen]);
  const { version, healthz, keyId } = await provider.status();
  checks.check('status: version', version === 'v2' || version === 'v2beta1', version);
  checks.check('status: healthy', healthz === 'ok', healthz);
  checks.check('status: length of key_id', isWithin(keyId.length, maxKeyId), keyId.length);
}

async function encrypts(provider: Provider, checks: Checks): Promise<void> {
  for (const length of plaintextLengths) {
    const plaintext = randomBytes(length);
    const sealed = await provider.encrypt(plaintext);
    const { keyId } = await provider.status();
    checks.check('encrypt: key_id of Status', sealed.keyId === keyId, [sealed.keyId, keyId]);
    checks.check('encrypt: length of ciphertext', isWithin(sealed.ciphertext.length, maxCiphertext), length);
    checks.check('encrypt: not in the clear', length < 16 || !sealed.ciphertext.includes(plaintext));
    checkAnnotations(sealed, checks);
    checks.check(`decrypt: ${length} bytes come back`, plaintext.equals(await provider.decrypt(sealed)));
    const again = await provider.encrypt(plaintext);
    checks.check('encrypt: never the same ciphertext', !again.ciphertext.equals(sealed.ciphertext));
  }
}

function checkAnnotations({ annotations }: Sealed, checks: Checks): void {
  let size = 0;
  for (const [name, value] of Object.entries(annotations)) {
    size += Buffer.byteLength(name) + value.length;
    checks.check('annotation: a domain name', name.length <= 253 && domainName.test(name), name);
  }
  checks.check('annotations: size', size <= maxAnnotations, size);
}

async function refusesDamage(provider: Provider, checks: Checks): Promise<void> {
  const sealed = await provider.encrypt(randomBytes(32));
  const { ciphertext } = sealed;
  for (let at = 0; at < ciphertext.length; at++) {
    const flipped = Buffer.from(ciphertext);
    flipped[at] = (flipped[at] as number) ^ (1 << (at % 8));
    await checks.refuses(`flipped at ${at}`, () => provider.decrypt({ ...sealed, ciphertext: flipped }));
    const cut = ciphertext.subarray(0, at);
    await checks.refuses(`cut to ${at}`, () => provider.decrypt({ ...sealed, ciphertext: cut }));
  }
  const longer = Buffer.concat([ciphertext, Buffer.alloc(1)]);
  await checks.refuses('one byte more', () => provider.decrypt({ ...sealed, ciphertext: longer }));
}

async function refusesForeign(provider: Provider, checks: Checks): Promise<void> {
  const sealed = await provider.encrypt(randomBytes(32));
  for (const keyId of ['', 'no-such-key', `${sealed.keyId}x`, 'x'.repeat(maxKeyId + 1)]) {
    await checks.refuses(`key_id ${keyId.slice(0, 40)}`, () => provider.decrypt({ ...sealed, keyId }));
  }
  await checks.refuses('random bytes', () => provider.decrypt({ ...sealed, ciphertext: randomBytes(100) }));
  await checks.refuses('64 KiB', () => provider.decrypt({ ...sealed, ciphertext: randomBytes(65_536) }));
  for (const [name, value] of Object.entries(sealed.annotations)) {
    const changed = Buffer.concat([value, Buffer.from('x')]);
    const { [name]: _, ...fewer } = sealed.annotations;
    const other = { ...sealed.annotations, [name]: changed };
    await checks.refuses(`${name} changed`, () => provider.decrypt({ ...sealed, annotations: other }));
    await checks.refuses(`${name} missing`, () => provider.decrypt({ ...sealed, annotations: fewer }));
  }
  checks.check('still in order', (await provider.status()).healthz === 'ok');
}

async function takesAnyUid(provider: Provider, checks: Checks): Promise<void> {
  for (const uid of ['same', 'same', '', 'ü\n', 'x'.repeat(1_000)]) {
    const plaintext = randomBytes(32);
    const opened = await provider.decrypt(await provider.encrypt(plaintext, uid), uid);
    checks.check(`uid ${JSON.stringify(uid).slice(0, 20)}`, opened.equals(plaintext));
  }
}

async function bearsLoad(provider: Provider, checks: Checks): Promise<void> {
  const slowest = { ms: 0 };
  const lane = async () => {
    for (let round = 0; round < 10; round++) {
      const begun = performance.now();
      const plaintext = randomBytes(32);
      const isRight = plaintext.equals(await provider.decrypt(await provider.encrypt(plaintext)));
      slowest.ms = Math.max(slowest.ms, performance.now() - begun);
      if (!isRight) throw new Error('another plaintext came back');
    }
  };
  await Promise.all(Array.from({ length: 40 }, lane));
  checks.check('load: 400 round trips, 40 at once, in time', slowest.ms < callDeadlineMs, slowest.ms);
}

async function rotates(provider: Provider, rotate: () => Promise<void>, checks: Checks, boundMs: number) {
  const plaintext = randomBytes(32);
  const old = await provider.encrypt(plaintext);
  await rotate();
  const isSeen = await within(boundMs, async () => (await provider.status()).keyId !== old.keyId);
  checks.check('rotation: shows in Status', isSeen);
  const { keyId } = await provider.status();
  for (let round = 0; round < 25; round++) {
    const status = await provider.status();
    const sealed = await provider.encrypt(randomBytes(32));
    checks.check('rotation: does not go back', status.keyId === keyId && sealed.keyId === keyId, [keyId, status.keyId]);
    await pause(20);
  }
  checks.check('rotation: earlier ciphertexts open', plaintext.equals(await provider.decrypt(old)));
  const fresh = await provider.encrypt(randomBytes(32));
  await checks.refuses('rotation: key_id of the other', () => provider.decrypt({ ...fresh, keyId: old.keyId }));
}

async function outlivesRestart(provider: Provider, restart: () => Promise<void>, checks: Checks, boundMs: number) {
  const plaintext = randomBytes(32);
  const old = await provider.encrypt(plaintext);
  await restart();
  checks.check('restart: back', await within(boundMs, async () => (await provider.status()).healthz === 'ok'));
  checks.check('restart: the same key_id', (await provider.status()).keyId === old.keyId);
  checks.check('restart: earlier ciphertexts open', plaintext.equals(await provider.decrypt(old)));
}

async function stopsWhenDisabled(
  provider: Provider,
  { disable, enable }: Hooks,
  old: Sealed | undefined,
  checks: Checks,
  boundMs: number,
): Promise<void> {
  await disable?.();
  const isUnhealthy = () =>
    provider.status().then(
      ({ healthz }) => healthz !== 'ok',
      () => true,
    );
  checks.check('disabled: Status is not healthy', await within(boundMs, isUnhealthy));
  await checks.refuses('disabled: encrypt', () => provider.encrypt(randomBytes(32)));
  if (old) await checks.refuses('disabled: decrypt', () => provider.decrypt(old));
  await enable?.();
  checks.check('enabled: healthy', await within(boundMs, async () => (await provider.status()).healthz === 'ok'));
  checks.check('enabled: opens', old === undefined || (await provider.decrypt(old)).length === 32);
}

/** Whether `holds` answers true before `ms` are over; an error counts as false. */
export async function within(ms: number, holds: () => Promise<boolean>): Promise<boolean> {
  const deadline = Date.now() + ms;
  for (;;) {
    if (await holds().catch(() => false)) return true;
    if (Date.now() > deadline) return false;
    await pause(100);
  }
}

function isWithin(length: number, most: number): boolean {
  return length >= 1 && length <= most;
}

import { randomUUID } from 'node:crypto';
import { type Message } from '@bufbuild/protobuf';
import type { GenMessage } from '@bufbuild/protobuf/codegenv2';
import { durationFromMs } from '@bufbuild/protobuf/wkt';
import { type SecretRotation, SecretRotationService } from '@gabion/contracts/gabion/kms/v1/secret_rotations_pb';
import { SecretService } from '@gabion/contracts/gabion/kms/v1/secrets_pb';
import { expect } from '@jest/globals';
import { HookServer } from './hook-server.ts';
import { eventually, platform, root } from './platform.ts';
import { eventsOf } from './trail.ts';

const as = { caller: root };
const hourMs = 3_600_000;

/** How a test sets a rotation: each hour unless told. */
export interface RotationSettings {
  readonly hook?: { readonly url: string; readonly caPem?: string; readonly putWithinSeconds?: number };
  readonly generated?: {
    readonly name: string;
    readonly length?: number;
    readonly characters?: string;
    readonly randomBytes?: number;
  };
  readonly periodMs?: number;
  readonly signingSecret?: string;
}

export function requestOf({ hook, generated, periodMs = hourMs, signingSecret = '' }: RotationSettings, path: string) {
  const way = hook
    ? { case: 'hook' as const, value: hook }
    : generated && { case: 'generated' as const, value: generated };
  return { path, period: durationFromMs(periodMs), signingSecret, ...(way && { way }) };
}

/** A secret of its own whose hook answers, each hour, on this platform. */
export async function rotated(site: Awaited<ReturnType<typeof platform>>, { putWithinSeconds = 0 } = {}) {
  const stack = new AsyncDisposableStack();
  const hook = stack.use(await HookServer.start());
  const path = `team/${randomUUID()}`;
  const { gateway } = site;
  const [secrets, rotations] = [gateway.client(SecretService), gateway.client(SecretRotationService)];
  const putSecret = (password: string, of = path) =>
    secrets.putSecret({ path: of, data: { password: Buffer.from(password) } }, as);
  const put = (settings: RotationSettings, of = path) => rotations.putSecretRotation(requestOf(settings, of), as);
  const told = async <S extends GenMessage<Message & { readonly path: string }>>(schema: S) =>
    (await eventsOf(site, schema)).filter((event) => event.path === path);
  const rotation = (of = path) => rotations.getSecretRotation({ path: of }, as);
  const data = async () => {
    // A clock that was moved finds the seal unconfirmed until the database is heard again.
    await eventually(() =>
      secrets.readSecret({ path }, as).then(
        () => true,
        ({ code }) => code !== 'seal_unconfirmed',
      ),
    );
    return (await secrets.readSecret({ path }, as)).data;
  };
  const texts = async () => {
    return Object.fromEntries(
      Object.entries(await data()).map(([name, value]) => [name, Buffer.from(value).toString()]),
    );
  };
  const reaches = async (wanted: Partial<SecretRotation>, withinMs = 10_000) => {
    let last: unknown;
    const isSo = async () => {
      last = await rotation();
      try {
        expect(last).toMatchObject(wanted);
        return true;
      } catch {
        return false;
      }
    };
    await eventually(isSo, withinMs).catch(() => expect(last).toMatchObject(wanted));
  };
  await putSecret('first');
  // Other tests move the clock; a platform that has been stopped rotates nothing.
  stack.defer(async () => void (await rotations.deleteSecretRotation({ path }, as).catch(() => {})));
  const { signingSecret } = await put({ hook: { url: hook.url, caPem: hook.ca, putWithinSeconds } });
  const more = { path, told, hook, secrets, rotations, putSecret, put, rotation, data, texts, reaches, signingSecret };
  return { ...site, ...more, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

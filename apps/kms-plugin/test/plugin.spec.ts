import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLog } from '@gabion/telemetry/log';
import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Plugin, startPlugin } from '../src/plugin.ts';
import { ApiServer, refusalOf, stored } from './api-server.ts';
import { StandInKeyService } from './key-service.ts';

const seed = randomBytes(32);
let directory: string;
let socket: string;
let service: StandInKeyService;
let lines: string[];
let stack: AsyncDisposableStack;

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  directory = await mkdtemp(join(tmpdir(), 'gabion-kms-'));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  socket = join(directory, 'run', 'kms.sock');
  service = new StandInKeyService();
  lines = [];
});

afterEach(() => stack.disposeAsync());

async function start(): Promise<Plugin> {
  const log = createLog({ service: 'kms-plugin', destination: { write: (line) => void lines.push(line) } });
  const writeLog = (text: string) => void lines.push(...text.trim().split('\n'));
  return startPlugin({ cluster: 'test', node: 'node-1', socket, reach: service.reach, log, writeLog });
}

async function running(): Promise<{ plugin: Plugin; api: ApiServer }> {
  return { plugin: stack.use(await start()), api: stack.use(new ApiServer(socket)) };
}

async function eventually(isSo: () => Promise<boolean> | boolean): Promise<void> {
  const until = Date.now() + 10_000;
  while (!(await isSo())) {
    if (Date.now() > until) throw new Error('not so within 10 s');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

describe('the KMS v2 provider', () => {
  it('encrypts with the key that Status names, and decrypts with every key of the cluster', async () => {
    const { api } = await running();
    const first = await api.encrypt(seed);
    expect(await api.status()).toMatchObject({ version: 'v2', healthz: 'ok', keyId: first.keyId });
    const next = service.add({ isPrimary: false });
    await api.status();
    expect((await api.encrypt(seed)).keyId).toBe(first.keyId);
    service.primary = next;
    service.tell();
    await eventually(async () => (await api.status()).keyId === next);
    const second = await api.encrypt(seed);
    expect(second).toMatchObject({ keyId: next, annotations: {} });
    expect(second.ciphertext.length).toBeLessThanOrEqual(1024);
    expect(await api.decrypt(stored(first))).toEqual(seed);
    expect(await api.decrypt(stored(second))).toEqual(seed);
  });

  it('answers one error to everything that is wrong with a ciphertext', async () => {
    const { api } = await running();
    const sealed = stored(await api.encrypt(seed));
    service.add();
    await eventually(async () => (await api.status()).keyId === service.primary);
    const other = await api.encrypt(seed);
    const flipped = (at: number) => sealed.ciphertext.map((byte, index) => (index === at ? byte ^ 1 : byte));
    const wrong = [
      { ...sealed, ciphertext: flipped(0) },
      { ...sealed, ciphertext: flipped(5) },
      { ...sealed, ciphertext: flipped(20) },
      { ...sealed, ciphertext: flipped(sealed.ciphertext.length - 1) },
      { ...sealed, ciphertext: sealed.ciphertext.subarray(1) },
      { ...sealed, ciphertext: new Uint8Array() },
      { ...sealed, ciphertext: randomBytes(2000) },
      { ...sealed, keyId: other.keyId },
      { ...sealed, keyId: 'gabion:other:1:key:1' },
      { ...sealed, keyId: '' },
      { ...sealed, annotations: { 'a.example.com': Buffer.from('x') } },
    ];
    const refusals = await Promise.all(wrong.map((each) => refusalOf(api.decrypt(each))));
    expect(new Set(refusals.map((each) => JSON.stringify(each)))).toEqual(
      new Set([
        JSON.stringify({
          code: status.INVALID_ARGUMENT,
          details: 'the ciphertext is not one of this key and key_id [ciphertext_refused]',
        }),
      ]),
    );
    expect(await refusalOf(api.encrypt(randomBytes(1000)))).toMatchObject({ code: status.INVALID_ARGUMENT });
    expect(await refusalOf(api.raw('Decrypt', Buffer.from([0x0a, 0xff, 1])))).toMatchObject({
      details: expect.stringContaining('[message_malformed]'),
    });
    expect(await api.decrypt(sealed)).toEqual(seed);
  });

  it('fails Status by a gRPC error as soon as the key may not be used, and forgets it', async () => {
    const { api, plugin } = await running();
    const sealed = stored(await api.encrypt(seed));
    service.problem = 'suspended';
    service.tell();
    await eventually(() => plugin.unready() === 'suspended');
    const refused = { code: status.FAILED_PRECONDITION, details: expect.stringContaining('[suspended]') };
    expect(await refusalOf(api.status())).toMatchObject(refused);
    expect(await refusalOf(api.encrypt(seed))).toMatchObject(refused);
    expect(await refusalOf(api.decrypt(sealed))).toMatchObject(refused);
    service.problem = '';
    service.tell();
    await eventually(() => plugin.unready() === undefined);
    expect(await api.decrypt(sealed)).toEqual(seed);
  });

  it('goes on without the key service for as long as it was granted, and not longer', async () => {
    service.graceSeconds = 2;
    const { api, plugin } = await running();
    const sealed = stored(await api.encrypt(seed));
    service.leave();
    expect(await api.decrypt(sealed)).toEqual(seed);
    await eventually(() => plugin.unready() === 'key_service_silent');
    expect(await refusalOf(api.status())).toMatchObject({
      code: status.UNAVAILABLE,
      details: expect.stringContaining('[key_service_silent]'),
    });
    expect(await refusalOf(api.decrypt(sealed))).toMatchObject({ code: status.UNAVAILABLE });
    service.isAway = false;
    await eventually(() => plugin.unready() === undefined);
    expect(await api.decrypt(sealed)).toEqual(seed);
  });

  it('has calls wait for the keys when it has just started', async () => {
    service.isAway = true;
    const { api } = await running();
    const early = api.encrypt(seed);
    setTimeout(() => (service.isAway = false), 300);
    expect((await early).keyId).toBe(service.primary);
  });

  it('never lets a key_id come back', async () => {
    const { api } = await running();
    const first = (await api.status()).keyId;
    const second = service.add();
    await eventually(async () => (await api.status()).keyId === second);
    service.primary = first;
    const third = service.add({ isPrimary: false });
    for (let round = 0; round < 20; round++) expect((await api.status()).keyId).toBe(second);
    service.primary = third;
    service.tell();
    await eventually(async () => (await api.status()).keyId === third);
  });

  it('opens again after a restart what it closed before, and is the only one at its socket', async () => {
    const first = await start();
    const api = stack.use(new ApiServer(socket));
    const sealed = stored(await api.encrypt(seed));
    expect((await stat(socket)).mode & 0o777).toBe(0o600);
    expect(
      await startPlugin({
        cluster: 'test',
        socket,
        reach: service.reach,
        log: createLog({ service: 'x', level: 'fatal' }),
      }).catch((error) => error),
    ).toMatchObject({ code: 'socket_taken' });
    await first[Symbol.asyncDispose]();
    stack.use(await start());
    expect(await api.decrypt(sealed)).toEqual(seed);
  });

  it('takes the place of a socket that nobody serves', async () => {
    const { api } = await running();
    await api.status();
    const dead = createServer();
    const left = join(directory, 'left.sock');
    dead.listen(left);
    await once(dead, 'listening');
    dead.close();
    await writeFile(left, '').catch(() => {});
    const log = createLog({ service: 'x', level: 'fatal' });
    stack.use(await startPlugin({ cluster: 'test', socket: left, reach: service.reach, log }));
    expect(await stack.use(new ApiServer(left)).status()).toMatchObject({ healthz: 'ok' });
  });

  it('logs every use under the uid of the API server and reports it, without what was encrypted', async () => {
    const { api } = await running();
    const sealed = await api.encrypt(seed, 'uid-of-encrypt');
    await api.decrypt(stored(sealed));
    await refusalOf(api.decrypt({ ...stored(sealed), keyId: 'x', uid: 'uid-of-refusal' }));
    await eventually(() => service.reports.length > 0);
    expect(service.reports[0]).toMatchObject({
      cluster: 'test',
      node: 'node-1',
      sequence: 1n,
      uses: [
        { operation: 'encrypt', uid: 'uid-of-encrypt', kmsKeyId: sealed.keyId, code: '' },
        { operation: 'decrypt', uid: 'uid-2', kmsKeyId: sealed.keyId, code: '' },
        { operation: 'decrypt', uid: 'uid-of-refusal', kmsKeyId: 'x', code: 'ciphertext_refused' },
      ],
    });
    const written = lines.join('\n');
    for (const uid of ['uid-of-encrypt', 'uid-2', 'uid-of-refusal']) expect(written).toContain(`"uid":"${uid}"`);
    for (const encoding of ['hex', 'base64', 'latin1'] as const) expect(written).not.toContain(seed.toString(encoding));
  });

  it('counts uses that come too fast to be told one by one, and tells a report again until it is heard', async () => {
    const { api } = await running();
    const sealed = stored(await api.encrypt(seed));
    service.isAway = true;
    await Promise.all(Array.from({ length: 400 }, () => api.decrypt(sealed)));
    service.isAway = false;
    const total = () =>
      service.reports
        .flatMap(({ uses }) => uses ?? [])
        .filter(({ operation }) => operation === 'decrypt')
        .reduce((sum, { count }) => sum + (count ?? 0), 0);
    await eventually(() => total() === 400);
    expect(service.reports.flatMap(({ uses }) => uses ?? []).length).toBeLessThan(302);
    const numbers = service.reports.map(({ sequence }) => sequence);
    expect(new Set(numbers).size).toBe(numbers.length);
  });
});

import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  DecryptRequestSchema,
  EncryptRequestSchema,
  EncryptResponseSchema,
} from '@gabion/contracts/k8s.io/kms/apis/v2/api_pb';
import { createLog } from '@gabion/telemetry/log';
import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Plugin, startPlugin } from '../src/plugin.ts';
import { ApiServer, refusalOf, stored } from './api-server.ts';
import { StandInKeyService } from './key-service.ts';

const seed = randomBytes(32);
let service: StandInKeyService;
let stack: AsyncDisposableStack;
let plugin: Plugin;
let api: ApiServer;

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), 'gabion-kms-'));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  service = new StandInKeyService();
  const log = createLog({ service: 'kms-plugin', level: 'fatal' });
  const socket = join(directory, 'kms.sock');
  plugin = stack.use(await startPlugin({ cluster: 'test', node: 'node-1', socket, reach: service.reach, log }));
  api = stack.use(new ApiServer(socket));
});

afterEach(() => stack.disposeAsync());

async function until(isSo: () => boolean): Promise<void> {
  for (const end = Date.now() + 10_000; !isSo(); ) {
    if (Date.now() > end) throw new Error('not so within 10 s');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

describe('what went wrong with other providers of KMS v2 does not with this one', () => {
  // An API server writes on with its old key while Status answers, whatever healthz says in it.
  it.each(['suspended', 'key_disabled', 'key_destroyed', 'anything else'])(
    'kubernetes #138950: Status fails with a gRPC error while its problem is "%s", and never answers unwell',
    async (problem) => {
      expect(await api.status()).toMatchObject({ healthz: 'ok' });
      service.problem = problem;
      service.tell();
      await until(() => plugin.unready() === problem);
      const answers = await Promise.all(Array.from({ length: 20 }, () => refusalOf(api.status())));
      expect(new Set(answers.map(({ code }) => code))).toEqual(new Set([status.FAILED_PRECONDITION]));
    },
  );

  it('answers an encryption with the ciphertext alone: no annotation, and the plaintext nowhere', async () => {
    await api.status();
    const request = Buffer.from(
      toBinary(EncryptRequestSchema, create(EncryptRequestSchema, { plaintext: seed, uid: 'u' })),
    );
    const answer = await api.raw('Encrypt', request);
    const { annotations, keyId, ciphertext } = fromBinary(EncryptResponseSchema, answer);
    expect(annotations).toEqual({});
    for (const part of [answer, Buffer.from(keyId), Buffer.from(ciphertext)]) expect(part.includes(seed)).toBe(false);
    expect(keyId.length).toBeLessThanOrEqual(1024);
  });

  it('never names a key_id for two keys, nor comes back to one, however the key service turns', async () => {
    const seen: string[] = [(await api.status()).keyId];
    const first = service.primary;
    for (let turn = 0; turn < 6; turn++) {
      const next = service.add({ isPrimary: false });
      // Back to the first, forth to the new one: the replicas of a service disagree for a moment.
      for (const primary of [first, next, first]) {
        service.primary = primary;
        service.tell();
        await new Promise(setImmediate);
        seen.push((await api.status()).keyId);
      }
      service.primary = next;
      service.tell();
    }
    const turns = seen.filter((keyId, at) => keyId !== seen[at - 1]);
    expect(new Set(turns).size).toBe(turns.length);
    const sealed = stored(await api.encrypt(seed));
    for (const keyId of new Set(seen.filter((each) => each !== sealed.keyId)))
      expect(await refusalOf(api.decrypt({ ...sealed, keyId }))).toMatchObject({ code: status.INVALID_ARGUMENT });
    expect(await api.decrypt(sealed)).toEqual(seed);
  });

  it('bears messages made to cost: long, deep in unknown fields, of twenty thousand annotations', async () => {
    await api.status();
    const group = Buffer.concat([Buffer.alloc(40_000, 0x1b), Buffer.alloc(40_000, 0x1c)]);
    const annotations = Object.fromEntries(Array.from({ length: 20_000 }, (_, at) => [`${at}`, Buffer.of(1)]));
    const messages = [
      group,
      Buffer.alloc(127 * 1024, 0x0a),
      Buffer.from('0affffffff0f', 'hex'),
      Buffer.concat([Buffer.from('ffffffffffffffffff01', 'hex'), seed]),
      Buffer.from(toBinary(DecryptRequestSchema, create(DecryptRequestSchema, { annotations }))).subarray(
        0,
        127 * 1024,
      ),
    ];
    for (const message of messages)
      for (const method of ['Encrypt', 'Decrypt'])
        expect([status.INVALID_ARGUMENT, 0]).toContain((await refusalOf(api.raw(method, message))).code);
    const tooLong = await refusalOf(api.raw('Decrypt', Buffer.alloc(200 * 1024)));
    expect(tooLong.code).toBe(status.RESOURCE_EXHAUSTED);
    expect(await api.decrypt(stored(await api.encrypt(seed)))).toEqual(seed);
  });
});

import { createCipheriv, randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { KeyService, KeyType } from '@gabion/contracts/gabion/kms/v1/keys_pb';
import {
  CryptoService,
  EncryptBatchRequestSchema,
  EncryptBatchResponseSchema,
  EncryptRequestSchema,
  EncryptResponseSchema,
} from '@gabion/contracts/gabion/kms/v1/operations_pb';
import { start } from '@gabion/kms-secrets/service';
import { keys as metadataKeys } from '@gabion/rpc/call';
import { connect } from '@gabion/rpc/client';
import { pathOf } from '@gabion/rpc/method-path';
import { testDatabase } from '@gabion/testkit/postgres';
import { callerKey, encodeCaller, localOperator } from '@gabion/trust/caller';
import { credentials, type handleUnaryCall, Server } from '@grpc/grpc-js';
import { bareMethod, serveAt } from './bare-grpc.ts';
import { builtLoad, type LoadedCall, leaveFirstCore, MeasuredServer } from './grpc-load.ts';
import { kmsConfig } from './kms-config.ts';

// Encryptions a second through the key service on one core, one by one and by the hundred, against bare node:crypto behind
// bare grpc-js on the same core; callers and PostgreSQL have the other. Needs Go for the load: node bench/keys.ts [seconds]
const [mode, place = '', postgresUrl = ''] = process.argv.slice(2);
const context = { cluster: 'bench' };
const plaintext = randomBytes(32);
const items = Array.from({ length: 100 }, () => ({ plaintext, context }));
const socketIn = {
  service: (directory: string) => join(directory, 'kms.sock'),
  bare: (directory: string) => join(directory, 'bare.sock'),
};

const calls = {
  single: {
    method: pathOf(CryptoService.method.encrypt),
    request: toBinary(EncryptRequestSchema, create(EncryptRequestSchema, { key: 'bench', plaintext, context })),
    items: 1,
  },
  'batches of 100': {
    method: pathOf(CryptoService.method.encryptBatch),
    request: toBinary(EncryptBatchRequestSchema, create(EncryptBatchRequestSchema, { key: 'bench', items })),
    items: 100,
  },
};

/** AES-256-GCM with node:crypto, and nothing else: no keys to find, no policy, no trail. */
function bareEncrypt(key: Buffer, text: Uint8Array): Buffer {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  return Buffer.concat([nonce, cipher.update(text), cipher.final(), cipher.getAuthTag()]);
}

async function serveBare(directory: string): Promise<void> {
  const key = randomBytes(32);
  const one: handleUnaryCall<Buffer, Buffer> = ({ request }, answer) => {
    const ciphertext = bareEncrypt(key, fromBinary(EncryptRequestSchema, request).plaintext);
    const response = create(EncryptResponseSchema, { ciphertext, version: 1 });
    answer(null, Buffer.from(toBinary(EncryptResponseSchema, response)));
  };
  const many: handleUnaryCall<Buffer, Buffer> = ({ request }, answer) => {
    const results = fromBinary(EncryptBatchRequestSchema, request).items.map((item) => ({
      result: { case: 'ciphertext' as const, value: bareEncrypt(key, item.plaintext) },
    }));
    answer(null, Buffer.from(toBinary(EncryptBatchResponseSchema, create(EncryptBatchResponseSchema, { results }))));
  };
  const server = new Server();
  const definition = { one: bareMethod(calls.single.method), many: bareMethod(calls['batches of 100'].method) };
  server.addService(definition, { one, many });
  await serveAt(server, socketIn.bare(directory));
}

async function makeKey(directory: string): Promise<void> {
  using connection = connect({
    address: `unix:${socketIn.service(directory)}`,
    as: 'gateway',
    credentials: credentials.createInsecure(),
  });
  await connection
    .client(KeyService)
    .createKey({ name: 'bench', type: KeyType.AES_256_GCM }, { caller: localOperator() });
}

async function main(seconds: number): Promise<void> {
  leaveFirstCore();
  const directory = await mkdtemp(join(tmpdir(), 'gabion-bench-keys-'));
  await chmod(directory, 0o711);
  try {
    const load = builtLoad(directory);
    await using database = await testDatabase({ database: true });
    const served = (kind: 'service' | 'bare') =>
      MeasuredServer.start(
        [...process.execArgv, import.meta.filename, kind, directory, database.url],
        socketIn[kind](directory),
      );
    using service = await served('service');
    using bare = await served('bare');
    await makeKey(directory);
    const metadata = { [metadataKeys.service]: 'gateway', [callerKey]: encodeCaller(localOperator()) };
    for (const [name, { items, ...call }] of Object.entries(calls)) {
      const seen = (server: MeasuredServer, loaded: LoadedCall) => {
        server.under(load, loaded, { seconds: 2 });
        const { perSecond, p99Ms, cpuUs } = server.under(load, loaded, { seconds });
        return { perSecond: Math.round(perSecond * items), p99Ms, cpuUs: Number((cpuUs / items).toFixed(2)) };
      };
      const [ours, floor] = [seen(service, { ...call, metadata }), seen(bare, call)];
      console.log(`${name}, encryptions a second and processor time of each:`);
      console.table({ gabion: ours, bare: floor });
      const ratio = (ours.perSecond / floor.perSecond).toFixed(2);
      console.log(`ratio ${ratio}; of processor time ${(floor.cpuUs / ours.cpuUs).toFixed(2)}`);
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

if (mode === 'service') await start(kmsConfig(place, postgresUrl));
else if (mode === 'bare') await serveBare(place);
else await main(Number(mode ?? 5));

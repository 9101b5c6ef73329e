import { createCipheriv, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { CallerSchema } from '@gabion/contracts/gabion/identity/v1/caller_pb';
import { KeyService, KeyType } from '@gabion/contracts/gabion/kms/v1/keys_pb';
import {
  CryptoService,
  EncryptBatchRequestSchema,
  EncryptBatchResponseSchema,
  EncryptRequestSchema,
  EncryptResponseSchema,
} from '@gabion/contracts/gabion/kms/v1/operations_pb';
import { start } from '@gabion/kms-secrets/service';
import { connect } from '@gabion/rpc/client';
import { testDatabase } from '@gabion/testkit/postgres';
import { type Caller, CallerKind } from '@gabion/trust/caller';
import { Client, credentials, type handleUnaryCall, Server } from '@grpc/grpc-js';
import { asIs, bareMethod, serveAt } from './bare-grpc.ts';
import { kmsConfig } from './kms-config.ts';

// Encryptions a second through the key service, one by one and by the hundred, against bare node:crypto behind bare
// grpc-js on the same kind of socket; callers and service share one process, on both sides: node bench/keys.ts [seconds]
const seconds = Number(process.argv[2] ?? 5);
const inFlight = 64;
const plaintext = randomBytes(32);
const batch = Array.from({ length: 100 }, () => ({ plaintext, context: { cluster: 'bench' } }));

/** Calls a second with `inFlight` of them under way, after a second of warming up. */
async function rate(call: () => Promise<unknown>): Promise<{ perSecond: number; p99Ms: number }> {
  await during(1, call, []);
  const latencies: number[] = [];
  await during(seconds, call, latencies);
  latencies.sort((left, right) => left - right);
  return { perSecond: latencies.length / seconds, p99Ms: latencies[Math.floor(latencies.length * 0.99)] ?? 0 };
}

async function during(forSeconds: number, call: () => Promise<unknown>, latencies: number[]): Promise<void> {
  const until = performance.now() + forSeconds * 1000;
  const caller = async () => {
    while (performance.now() < until) {
      const began = performance.now();
      await call();
      latencies.push(performance.now() - began);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, caller));
}

/** AES-256-GCM with node:crypto, and nothing else: no keys to find, no policy, no trail. */
function bareEncrypt(key: Buffer, text: Uint8Array): Buffer {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  return Buffer.concat([nonce, cipher.update(text), cipher.final(), cipher.getAuthTag()]);
}

async function bare(socket: string) {
  const key = randomBytes(32);
  const one: handleUnaryCall<Buffer, Buffer> = ({ request }, answer) => {
    const ciphertext = bareEncrypt(key, fromBinary(EncryptRequestSchema, request).plaintext);
    answer(
      null,
      Buffer.from(toBinary(EncryptResponseSchema, create(EncryptResponseSchema, { ciphertext, version: 1 }))),
    );
  };
  const many: handleUnaryCall<Buffer, Buffer> = ({ request }, answer) => {
    const { items } = fromBinary(EncryptBatchRequestSchema, request);
    const results = items.map((item) => ({
      result: { case: 'ciphertext' as const, value: bareEncrypt(key, item.plaintext) },
    }));
    answer(null, Buffer.from(toBinary(EncryptBatchResponseSchema, create(EncryptBatchResponseSchema, { results }))));
  };
  const server = new Server();
  server.addService({ one: bareMethod('/bare/one'), many: bareMethod('/bare/many') }, { one, many });
  await serveAt(server, socket);
  const client = new Client(`unix:${socket}`, credentials.createInsecure());
  const call = (path: string, request: Uint8Array) =>
    new Promise<Buffer>((resolve, reject) =>
      client.makeUnaryRequest(path, asIs, asIs, Buffer.from(request), (error, answer) =>
        error ? reject(error) : resolve(answer as Buffer),
      ),
    );
  return {
    one: async () => {
      const request = create(EncryptRequestSchema, { key: 'bench', plaintext, context: { cluster: 'bench' } });
      fromBinary(EncryptResponseSchema, await call('/bare/one', toBinary(EncryptRequestSchema, request)));
    },
    many: async () => {
      const request = create(EncryptBatchRequestSchema, { key: 'bench', items: batch });
      fromBinary(EncryptBatchResponseSchema, await call('/bare/many', toBinary(EncryptBatchRequestSchema, request)));
    },
    stop: () => {
      client.close();
      server.forceShutdown();
    },
  };
}

function report(
  name: string,
  unit: string,
  per: number,
  ours: Awaited<ReturnType<typeof rate>>,
  floor: typeof ours,
): void {
  const [mine, theirs] = [ours.perSecond * per, floor.perSecond * per];
  const ratio = (mine / theirs).toFixed(2);
  console.log(
    `${name}: ${mine.toFixed(0)} ${unit}/s, p99 ${ours.p99Ms.toFixed(1)} ms; bare ${theirs.toFixed(0)} ${unit}/s; ratio ${ratio}`,
  );
}

const directory = await mkdtemp(join(tmpdir(), 'gabion-bench-keys-'));
try {
  await using database = await testDatabase({ database: true });
  const config = kmsConfig(directory, database.url);
  await using running = await start(config);
  using connection = connect({ address: running.address, as: 'gateway', credentials: credentials.createInsecure() });
  const everything: Caller = create(CallerSchema, {
    kind: CallerKind.USER,
    id: 'bench',
    name: 'bench',
    permissions: ['*'],
  });
  const as = {
    caller: Object.freeze({ ...everything, permissions: Object.freeze(everything.permissions) as string[] }),
  };
  await connection.client(KeyService).createKey({ name: 'bench', type: KeyType.AES_256_GCM }, as);
  const crypto = connection.client(CryptoService);
  const floor = await bare(join(directory, 'bare.sock'));
  const context = { cluster: 'bench' };
  report(
    'single',
    'encryptions',
    1,
    await rate(() => crypto.encrypt({ key: 'bench', plaintext, context }, as)),
    await rate(floor.one),
  );
  report(
    'batches of 100',
    'items',
    100,
    await rate(() => crypto.encryptBatch({ key: 'bench', items: batch }, as)),
    await rate(floor.many),
  );
  floor.stop();
} finally {
  await rm(directory, { recursive: true, force: true });
}
process.exit(0);

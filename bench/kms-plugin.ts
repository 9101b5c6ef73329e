import { execFileSync } from 'node:child_process';
import { createCipheriv, createDecipheriv, randomBytes, randomUUID } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  DecryptRequestSchema,
  DecryptResponseSchema,
  EncryptRequestSchema,
  EncryptResponseSchema,
} from '@gabion/contracts/k8s.io/kms/apis/v2/api_pb';
import { Client, credentials, type handleUnaryCall, Server } from '@grpc/grpc-js';
import { asIs, bareMethod, serveAt } from './bare-grpc.ts';
import { builtLoad, type LoadedCall, leaveFirstCore, MeasuredServer } from './grpc-load.ts';

// Decryptions a second by `gabion kms-plugin` on one core, its latency at half of the target's load, and its memory,
// against bare node:crypto behind bare grpc-js on the same core. Needs Go for the load: node bench/kms-plugin.ts [seconds]
const seconds = Number(process.argv[2] ?? 5);
const halfOfTarget = 1500;
const bareArgument = 'bare';
const service = '/v2.KeyManagementService';

/** The floor: the same messages and the same cipher, and nothing else. */
async function serveBare(socket: string): Promise<void> {
  const key = randomBytes(32);
  const server = new Server();
  const encrypt: handleUnaryCall<Buffer, Buffer> = ({ request }, answer) => {
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', key, nonce);
    const text = [cipher.update(fromBinary(EncryptRequestSchema, request).plaintext), cipher.final()];
    const ciphertext = Buffer.concat([nonce, ...text, cipher.getAuthTag()]);
    answer(null, Buffer.from(toBinary(EncryptResponseSchema, create(EncryptResponseSchema, { ciphertext }))));
  };
  const decrypt: handleUnaryCall<Buffer, Buffer> = ({ request }, answer) => {
    const { ciphertext } = fromBinary(DecryptRequestSchema, request);
    const decipher = createDecipheriv('aes-256-gcm', key, ciphertext.subarray(0, 12));
    decipher.setAuthTag(ciphertext.subarray(-16));
    const plaintext = Buffer.concat([decipher.update(ciphertext.subarray(12, -16)), decipher.final()]);
    answer(null, Buffer.from(toBinary(DecryptResponseSchema, create(DecryptResponseSchema, { plaintext }))));
  };
  const path = (name: string) => bareMethod(`${service}/${name}`);
  server.addService({ encrypt: path('Encrypt'), decrypt: path('Decrypt') }, { encrypt, decrypt });
  await serveAt(server, socket);
}

/** A text of the server's own that is decrypted again and again. */
async function decryptions(socket: string): Promise<LoadedCall> {
  const ask = async (name: string, request: Uint8Array) => {
    const client = new Client(`unix:${socket}`, credentials.createInsecure());
    const answer = await new Promise<Buffer>((resolve, reject) =>
      client.makeUnaryRequest(`${service}/${name}`, asIs, asIs, Buffer.from(request), (error, bytes) =>
        error ? reject(error) : resolve(bytes as Buffer),
      ),
    );
    client.close();
    return answer;
  };
  const sealing = create(EncryptRequestSchema, { plaintext: randomBytes(32), uid: randomUUID() });
  const sealed = await ask('Encrypt', toBinary(EncryptRequestSchema, sealing));
  const { ciphertext, keyId } = fromBinary(EncryptResponseSchema, sealed);
  const request = create(DecryptRequestSchema, { ciphertext, keyId, uid: randomUUID() });
  return { method: `${service}/Decrypt`, request: toBinary(DecryptRequestSchema, request) };
}

interface Measured {
  readonly perSecond: number;
  readonly cpuUs: number;
  readonly p99Ms: number;
  readonly failed: number;
  readonly residentMiB: number;
}

async function measured(load: string, server: MeasuredServer): Promise<Measured> {
  const call = await decryptions(server.socket);
  server.under(load, call, { seconds, inFlight: 32 });
  const { perSecond, cpuUs, failed } = server.under(load, call, { seconds, inFlight: 32 });
  const half = server.under(load, call, { seconds, rate: halfOfTarget });
  return {
    perSecond: Math.round(perSecond),
    cpuUs: Math.round(cpuUs),
    p99Ms: half.p99Ms,
    failed: failed + half.failed,
    residentMiB: Math.round(server.residentMiB),
  };
}

async function main(): Promise<void> {
  leaveFirstCore();
  const directory = await mkdtemp(join(tmpdir(), 'gabion-bench-'));
  // As root, PostgreSQL runs as somebody else.
  await chmod(directory, 0o711);
  const env = { ...process.env, GABION_DATA: join(directory, 'data'), GABION_ADVISORY_UPDATES: 'off' };
  const gabion = join(import.meta.dirname, '../apps/gabion/dist/main.js');
  const run = (...args: string[]) =>
    execFileSync(process.execPath, [gabion, ...args], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  try {
    const load = builtLoad(directory);
    run('up', '--detach', '--port', '0', '--grpc-port', '0', '--services', 'identity,kms-secrets,gateway');
    run('clusters', 'add', 'bench');
    const [own, floor] = [join(directory, 'own.sock'), join(directory, 'floor.sock')];
    using plugin = await MeasuredServer.start([gabion, 'kms-plugin', '--cluster', 'bench', '--socket', own], own, env);
    await pause(5000);
    const first = plugin.residentMiB;
    using bare = await MeasuredServer.start([...process.execArgv, import.meta.filename, bareArgument, floor], floor);
    const [ours, theirs] = [await measured(load, plugin), await measured(load, bare)];
    console.log('decryptions a second, processor time of each, p99 at half of the target, memory after it:');
    console.table({ 'gabion kms-plugin': ours, 'bare grpc-js': theirs });
    const ratio = (ours.perSecond / theirs.perSecond).toFixed(2);
    const ofTime = (theirs.cpuUs / ours.cpuUs).toFixed(2);
    console.log(`ratio ${ratio}; of processor time ${ofTime}; resident before the load ${Math.round(first)} MiB`);
  } finally {
    run('down');
    await rm(directory, { recursive: true, force: true });
  }
}

if (process.argv[2] === bareArgument) await serveBare(process.argv[3] as string);
else await main();

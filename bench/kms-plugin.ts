import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
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
import { type handleUnaryCall, Server } from '@grpc/grpc-js';
import { bareMethod, serveAt } from './bare-grpc.ts';

// Decryptions a second by `gabion kms-plugin` on one core, its latency at half of the target's load, and its memory,
// against bare node:crypto behind bare grpc-js on the same core. Needs Go for the load: node bench/kms-plugin.ts [seconds]
const seconds = Number(process.argv[2] ?? 5);
const halfOfTarget = 1500;
const bareArgument = 'bare';

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
  const path = (name: string) => bareMethod(`/v2.KeyManagementService/${name}`);
  server.addService({ encrypt: path('Encrypt'), decrypt: path('Decrypt') }, { encrypt, decrypt });
  await serveAt(server, socket);
}

/** What conformance/kms-v2/apiserver/load saw: a client in Go, as an API server is one, so that no pause of it counts. */
interface Seen {
  readonly perSecond: number;
  readonly p99Ms: number;
  readonly failed: number;
}

async function started(command: readonly string[], socket: string, env = process.env): Promise<ChildProcess> {
  // One core for what is measured; the load has the others.
  const child = spawn('taskset', ['-c', '0', process.execPath, ...command], {
    env,
    stdio: ['ignore', 'ignore', 'ignore'],
  });
  for (let round = 0; round < 300 && !existsSync(socket); round++) await pause(100);
  return child;
}

function residentMiB({ pid }: ChildProcess): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

function measure(load: string, name: string, child: ChildProcess, socket: string) {
  const run = (...more: string[]): Seen =>
    JSON.parse(
      execFileSync('taskset', ['-c', '1', load, '-socket', socket, '-seconds', `${seconds}`, ...more], {
        encoding: 'utf8',
      }),
    );
  run();
  const { perSecond, failed } = run();
  const { p99Ms, ...half } = run('-rate', `${halfOfTarget}`);
  const residentAfter = Math.round(residentMiB(child));
  child.kill();
  return { name, perSecond: Math.round(perSecond), p99Ms, failed: failed + half.failed, residentAfter };
}

function builtLoad(directory: string): string {
  const load = join(directory, 'load');
  const module = join(import.meta.dirname, '../conformance/kms-v2/apiserver');
  execFileSync('go', ['build', '-o', load, './load'], { cwd: module, stdio: ['ignore', 'ignore', 'inherit'] });
  return load;
}

async function main(): Promise<void> {
  execFileSync('taskset', ['-acp', '1', `${process.pid}`], { stdio: 'ignore' });
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
    const plugin = await started([gabion, 'kms-plugin', '--cluster', 'bench', '--socket', own], own, env);
    await pause(5000);
    const first = residentMiB(plugin);
    const ours = measure(load, 'gabion kms-plugin', plugin, own);
    const flags = ['--experimental-transform-types', '--conditions=source', '--disable-warning=ExperimentalWarning'];
    const bare = measure(
      load,
      'bare grpc-js',
      await started([...flags, import.meta.filename, bareArgument, floor], floor),
      floor,
    );
    console.table([ours, bare]);
    console.log(
      `ratio ${(ours.perSecond / bare.perSecond).toFixed(2)}; resident before the load ${Math.round(first)} MiB`,
    );
  } finally {
    run('down');
    await rm(directory, { recursive: true, force: true });
  }
}

if (process.argv[2] === bareArgument) await serveBare(process.argv[3] as string);
else await main();

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KeyService, KeyType } from '@gabion/contracts/gabion/kms/v1/keys_pb';
import { CryptoService } from '@gabion/contracts/gabion/kms/v1/operations_pb';
import { start } from '@gabion/kms-secrets/service';
import { connect } from '@gabion/rpc/client';
import { testDatabase } from '@gabion/testkit/postgres';
import { localOperator } from '@gabion/trust/caller';
import { credentials } from '@grpc/grpc-js';
import { kmsConfig } from './kms-config.ts';

// How long kms-secrets takes from its start on a database with keys until its seal is open and it decrypts: a process that
// has loaded its code, and one that begins with nothing: node bench/kms-start.ts [rounds]
const [asked = '10', directory = '', postgresUrl = ''] = process.argv.slice(2);
const as = { caller: localOperator() };

function connection(address: string) {
  return connect({ address, as: 'gateway', credentials: credentials.createInsecure() });
}

async function makeKeys(address: string): Promise<Uint8Array> {
  using service = connection(address);
  const keys = service.client(KeyService);
  for (let key = 0; key < 100; key++) await keys.createKey({ name: `k${key}`, type: KeyType.AES_256_GCM }, as);
  const request = { key: 'k0', plaintext: Buffer.from('x'), context: {} };
  return (await service.client(CryptoService).encrypt(request, as)).ciphertext;
}

async function decrypt(address: string, ciphertext: Uint8Array): Promise<void> {
  using service = connection(address);
  await service.client(CryptoService).decrypt({ ciphertext, context: {} }, as);
}

async function warm(url: string, place: string, ciphertext: Uint8Array): Promise<number> {
  const began = performance.now();
  await using running = await start(kmsConfig(place, url));
  await decrypt(running.address, ciphertext);
  return performance.now() - began;
}

async function cold(url: string, place: string, ciphertext: Uint8Array): Promise<number> {
  const began = performance.now();
  const args = [...process.execArgv, import.meta.filename, 'child', place, url];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  await decrypt(`${line}`.trim(), ciphertext);
  const took = performance.now() - began;
  child.kill('SIGKILL');
  await once(child, 'exit');
  return took;
}

async function main(rounds: number): Promise<void> {
  const place = await mkdtemp(join(tmpdir(), 'gabion-bench-start-'));
  await chmod(place, 0o711);
  try {
    await using database = await testDatabase({ database: true });
    let ciphertext = new Uint8Array();
    {
      await using running = await start(kmsConfig(place, database.url));
      ciphertext = Uint8Array.from(await makeKeys(running.address));
    }
    for (const [name, once] of Object.entries({ loaded: warm, 'from nothing': cold })) {
      const took: number[] = [];
      for (let round = 0; round < rounds; round++) took.push(await once(database.url, place, ciphertext));
      took.sort((left, right) => left - right);
      const [fastest = 0, middle = 0, slowest = 0] = [took[0], took[rounds >> 1], took.at(-1)];
      console.log(`${name}: ${fastest.toFixed(0)} to ${slowest.toFixed(0)} ms, half within ${middle.toFixed(0)} ms`);
    }
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}

if (asked === 'child') process.stdout.write(`${(await start(kmsConfig(directory, postgresUrl))).address}\n`);
else await main(Number(asked));

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KeyService, KeyType } from '@gabion/contracts/gabion/kms/v1/keys_pb';
import { SealService } from '@gabion/contracts/gabion/kms/v1/seal_pb';
import { start } from '@gabion/kms-secrets/service';
import { connect } from '@gabion/rpc/client';
import { testDatabase } from '@gabion/testkit/postgres';
import { localOperator } from '@gabion/trust/caller';
import { credentials } from '@grpc/grpc-js';
import { kmsConfig } from './kms-config.ts';

// How long kms-secrets takes from its start on a database with keys until its seal is open and it answers, in a process
// that has loaded its code: node bench/kms-start.ts [rounds]
const rounds = Number(process.argv[2] ?? 10);
const directory = await mkdtemp(join(tmpdir(), 'gabion-bench-start-'));
const as = { caller: localOperator() };
try {
  await using database = await testDatabase({ database: true });
  const config = kmsConfig(directory, database.url);
  const took: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const began = performance.now();
    await using running = await start(config);
    using connection = connect({ address: running.address, as: 'gateway', credentials: credentials.createInsecure() });
    const { isSealed } = await connection.client(SealService).getSeal({}, as);
    if (isSealed) throw new Error('the seal did not open by itself');
    if (round > 0) took.push(performance.now() - began);
    const keys = connection.client(KeyService);
    if (round === 0)
      for (let key = 0; key < 100; key++) await keys.createKey({ name: `k${key}`, type: KeyType.AES_256_GCM }, as);
  }
  took.sort((left, right) => left - right);
  const [fastest, slowest] = [took[0] ?? 0, took.at(-1) ?? 0];
  console.log(`open after ${fastest.toFixed(0)} to ${slowest.toFixed(0)} ms, ${rounds} starts`);
} finally {
  await rm(directory, { recursive: true, force: true });
}

import { setTimeout as pause } from 'node:timers/promises';
import { BinaryReader } from '@bufbuild/protobuf/wire';
import { storedValue } from '@gabion/etcd-evidence/stored-value';
import type { ApiServer } from './api-server.ts';
import type { Checks } from './checks.ts';
import type { Hooks } from './hooks.ts';
import { Provider } from './provider.ts';
import { within } from './socket-scenarios.ts';
import { WriteLoad } from './write-load.ts';

/** The provider behind the API server. */
export interface Behind {
  readonly socket: string;
  /** The EncryptionConfiguration for the resource; one of our own unless told. */
  configuration?(resource: string): Promise<string>;
  /** Before the API server is with the provider. */
  prepare?(server: ApiServer): Promise<void>;
}

const rounds = 20;
/** The API server polls Status each minute, and each 10 s while it fails. */
const rotationBoundMs = 65_000;
const stopBoundMs = 181_000;
const recoveryBoundMs = 15_000;

/** What an API server must see of a provider: the scenarios of Kubernetes' own integration tests of KMS v2, from outside. */
export async function apiServerScenarios(
  server: ApiServer,
  behind: Behind,
  hooks: Hooks,
  checks: Checks,
): Promise<void> {
  const provider = new Provider(behind.socket);
  const run = (name: string, scenario: () => Promise<void>) => checks.scenario(name, scenario);
  try {
    await server.start();
    await behind.prepare?.(server);
    await run('legacy data', () => readsLegacyData(server, behind, provider, checks));
    await run('data keys', () => reusesDataKeys(server, checks));
    await run('rotation', () => rotatesUnderLoad(server, provider, hooks, checks));
    await run('restart', () => outlivesApiServer(server, behind, checks));
    await run('migration', () => migrates(server, provider, hooks, checks));
    await run('disabled key', () => stopsWrites(server, hooks, checks));
  } finally {
    provider.close();
  }
}

async function configurationOf(behind: Behind, resource: string): Promise<string> {
  if (behind.configuration) return behind.configuration(resource);
  const kms = { kms: { apiVersion: 'v2', name: 'conformance', endpoint: `unix://${behind.socket}`, timeout: '3s' } };
  const resources = [{ resources: [resource], providers: [kms, { identity: {} }] }];
  return JSON.stringify({ apiVersion: 'apiserver.config.k8s.io/v1', kind: 'EncryptionConfiguration', resources });
}

async function readsLegacyData(server: ApiServer, behind: Behind, provider: Provider, checks: Checks): Promise<void> {
  for (let at = 0; at < 20; at++) await server.create(`legacy-${at}`, `legacy text ${at}`);
  const clear = await server.stored();
  checks.check(
    'legacy: in the clear before',
    clear.every(({ value }) => storedValue(value).provider === 'identity'),
  );
  await server.restart(await configurationOf(behind, server.resource));
  const read = await server.read('legacy-7');
  checks.check('legacy: read in the clear', server.textIn(read) === 'legacy text 7', read);
  await server.create('fresh', 'fresh text');
  const { keyId } = await provider.status();
  const fresh = (await server.stored()).find(({ key }) => key.endsWith('/fresh'));
  const how = fresh && storedValue(fresh.value);
  checks.check('encrypted under the key_id of Status', how?.provider === 'kms-v2' && how.kmsKeyId === keyId, how);
  checks.check('not in the clear in etcd', fresh?.value.includes('fresh text') === false);
  const version = (read.body.metadata as { resourceVersion?: string }).resourceVersion;
  await server.replace('legacy-7', 'legacy text 7', version);
  const again = (await server.stored()).find(({ key }) => key.endsWith('/legacy-7'));
  checks.check(
    'legacy: encrypted by the next write',
    again !== undefined && storedValue(again.value).kmsKeyId === keyId,
  );
}

async function reusesDataKeys(server: ApiServer, checks: Checks): Promise<void> {
  for (let at = 0; at < 50; at++) await server.create(`reuse-${at}`, 'text');
  const values = (await server.stored()).filter(({ key }) => key.includes('/reuse-'));
  const seeds = new Set(values.map(({ value }) => seedIn(value)));
  checks.check('data keys: one seed for 50 writes', values.length === 50 && seeds.size === 1, seeds.size);
}

async function rotatesUnderLoad(server: ApiServer, provider: Provider, hooks: Hooks, checks: Checks): Promise<void> {
  const { rotate, restart } = hooks;
  if (!rotate || !restart) return checks.skip('rotations and restarts under load');
  const load = new WriteLoad(server, 'load');
  for (let round = 0; round < rounds; round++) {
    await rotate();
    await pause(2000);
    await restart();
    await pause(2000);
  }
  const isUsed = await within(rotationBoundMs, async () => {
    const { keyId } = await provider.status();
    await server.create(`rotated-${Date.now()}`, 'text');
    return (await server.stored()).some(({ value }) => storedValue(value).kmsKeyId === keyId);
  });
  checks.check(`rotation: the new key is used within ${rotationBoundMs / 1000} s`, isUsed);
  const { writes, reads, failedWrites, failedReads } = await load.stop();
  const told = `${rounds} rotations and ${rounds} restarts under ${writes} writes and ${reads} reads`;
  console.log(`${told}: ${failedWrites.length} failed writes, ${failedReads.length} failed reads`);
  checks.check('no write failed', writes > 0 && failedWrites.length === 0, failedWrites.slice(0, 5));
  checks.check('no read failed', reads > 0 && failedReads.length === 0, failedReads.slice(0, 5));
}

async function outlivesApiServer(server: ApiServer, behind: Behind, checks: Checks): Promise<void> {
  await server.restart(await configurationOf(behind, server.resource));
  const names = (await server.stored()).map(({ key }) => key.split('/').at(-1) as string);
  let failed = 0;
  for (const name of names) if ((await server.read(name)).status !== 200) failed++;
  checks.check(`a new API server reads all ${names.length} objects`, names.length > 0 && failed === 0, failed);
}

async function migrates(server: ApiServer, provider: Provider, hooks: Hooks, checks: Checks): Promise<void> {
  if (!hooks.migrate) return checks.skip('storage migration');
  await hooks.migrate();
  const { keyId } = await provider.status();
  const stored = await server.stored();
  const others = stored.filter(({ value }) => storedValue(value).kmsKeyId !== keyId);
  checks.check(
    `migration: all ${stored.length} values under the present key`,
    stored.length > 0 && others.length === 0,
    others.length,
  );
}

async function stopsWrites(server: ApiServer, { disable, enable }: Hooks, checks: Checks): Promise<void> {
  if (!disable || !enable) return checks.skip('disabled key');
  await disable();
  const began = Date.now();
  const isHealthy = async () => (await server.ask('GET', '/healthz')).status === 200;
  const isUnhealthy = await within(60_000, async () => !(await isHealthy()));
  checks.check('disabled: the API server says that it is unhealthy', isUnhealthy);
  const isStopped = await within(stopBoundMs, async () => {
    const { status } = await server.create(`stopped-${Date.now()}`, 'text');
    return status >= 500;
  });
  const stoppedAfter = Math.round((Date.now() - began) / 1000);
  console.log(`disabled: writes stopped after ${stoppedAfter} s`);
  checks.check(`disabled: writes stop within ${stopBoundMs / 1000} s`, isStopped, stoppedAfter);
  await enable();
  const enabled = Date.now();
  const isBack = await within(recoveryBoundMs, async () => {
    const { status } = await server.create(`back-${Date.now()}`, 'text');
    return status === 201;
  });
  console.log(`enabled: writes came back after ${Math.round((Date.now() - enabled) / 1000)} s`);
  checks.check(`enabled: writes come back within ${recoveryBoundMs / 1000} s`, isBack);
  checks.check('enabled: earlier objects are read', (await server.read('fresh')).status === 200);
}

/** The encryptedDEKSource of a stored value: field 3 of EncryptedObject. */
function seedIn(value: Buffer): string {
  const at = value.indexOf(':', 'k8s:enc:kms:v2:'.length) + 1;
  const reader = new BinaryReader(value.subarray(at));
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (field === 3) return Buffer.from(reader.bytes()).toString('hex');
    reader.skip(type, field);
  }
  return '';
}

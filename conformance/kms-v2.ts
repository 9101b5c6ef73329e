import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ApiServer } from './kms-v2/api-server.ts';
import { apiServerScenarios, type Behind } from './kms-v2/api-server-scenarios.ts';
import { Checks } from './kms-v2/checks.ts';
import { Gabion } from './kms-v2/gabion.ts';
import { type Hooks, hooksOf } from './kms-v2/hooks.ts';
import { Provider } from './kms-v2/provider.ts';
import { type FaultName, faults, ReferencePlugin } from './kms-v2/reference-plugin.ts';
import { socketScenarios } from './kms-v2/socket-scenarios.ts';

// Drives a KMS v2 provider over its socket and, with --apiserver, through a real API server with Debian's etcd-server
// and etcd-client. The provider is ours with --gabion, any one with --socket, and else one of the harness itself, sound
// and with each fault:
//   node --experimental-transform-types --conditions=source conformance/kms-v2.ts [--gabion | --socket PATH]
//     [--apiserver PROGRAM] [--rotate CMD] [--disable CMD] [--enable CMD] [--restart CMD] [--migrate CMD] [--bound SECONDS]
// PROGRAM is any kube-apiserver, or `go build` of conformance/kms-v2/apiserver.
const text = { type: 'string' } as const;
const { values } = parseArgs({
  options: {
    gabion: { type: 'boolean' },
    socket: text,
    apiserver: text,
    rotate: text,
    disable: text,
    enable: text,
    restart: text,
    migrate: text,
    bound: { type: 'string', default: '60' },
  },
});
const boundMs = Number(values.bound) * 1_000;
if (!(boundMs > 0)) throw new Error('--bound is a number of seconds');
const missing = ['etcd', 'etcdctl'].filter((program) => values.apiserver && spawnSync(program, ['--help']).error);
if (missing.length > 0)
  throw new Error(`an API server needs ${missing.join(' and ')} on PATH: etcd-server, etcd-client`);

async function overSocket(socket: string, hooks: Hooks): Promise<Checks> {
  const provider = new Provider(socket);
  const checks = new Checks();
  await socketScenarios(provider, hooks, checks, boundMs).finally(() => provider.close());
  return checks;
}

async function withReference<T>(fault: FaultName | undefined, use: (socket: string, hooks: Hooks) => Promise<T>) {
  const directory = mkdtempSync(join(tmpdir(), 'kms-v2-'));
  const plugin = new ReferencePlugin(join(directory, 'kms.sock'), fault);
  await plugin.start();
  const hooks: Hooks = {
    rotate: async () => plugin.rotate(),
    disable: async () => plugin.setDisabled(true),
    enable: async () => plugin.setDisabled(false),
    restart: () => plugin.restart(),
  };
  try {
    return await use(join(directory, 'kms.sock'), hooks);
  } finally {
    plugin.stop();
    rmSync(directory, { recursive: true });
  }
}

async function provesItself(): Promise<boolean> {
  const sound = await withReference(undefined, overSocket);
  console.log(sound.summary('reference plugin'));
  const harness = new Checks();
  for (const fault of faults) {
    const { failures } = await withReference(fault, overSocket);
    harness.check(`${fault} goes unnoticed`, failures.length > 0);
  }
  console.log(harness.summary('harness, faults noticed'));
  return sound.failures.length + harness.failures.length === 0;
}

/** Over the socket, and through an API server when there is one. */
async function against(subject: string, behind: Behind, hooks: Hooks): Promise<boolean> {
  const checks = await overSocket(behind.socket, hooks);
  console.log(checks.summary(`${subject}, socket`));
  if (values.apiserver === undefined) return total(checks);
  const directory = mkdtempSync(join(tmpdir(), 'kms-v2-apiserver-'));
  const through = new Checks();
  await using server = new ApiServer(values.apiserver, directory);
  await apiServerScenarios(server, behind, hooks, through);
  console.log(through.summary(`${subject}, API server`));
  if (through.failures.length === 0) rmSync(directory, { recursive: true });
  else console.log(`logs are in ${directory}`);
  return total(checks, through);
}

/** The last line, for .ci/run. */
function total(...all: readonly Checks[]): boolean {
  const passed = all.reduce((sum, each) => sum + each.passed, 0);
  const failed = all.reduce((sum, each) => sum + each.failures.length, 0);
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0;
}

async function againstGabion(): Promise<boolean> {
  const directory = mkdtempSync(join(tmpdir(), 'kms-v2-'));
  try {
    await using gabion = await Gabion.start(directory);
    return await against('gabion', gabion, gabion.hooks);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function runs(): Promise<boolean> {
  const { gabion, socket, apiserver, rotate, disable, enable, restart, migrate } = values;
  if (gabion) return againstGabion();
  if (socket !== undefined) return against(socket, { socket }, hooksOf({ rotate, disable, enable, restart, migrate }));
  if (apiserver === undefined) return provesItself();
  return withReference(undefined, (own, hooks) => against('reference plugin', { socket: own }, hooks));
}

process.exitCode = (await runs()) ? 0 : 1;

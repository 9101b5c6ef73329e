import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Checks } from './kms-v2/checks.ts';
import { type Hooks, hooksOf } from './kms-v2/hooks.ts';
import { Provider } from './kms-v2/provider.ts';
import { type FaultName, faults, ReferencePlugin } from './kms-v2/reference-plugin.ts';
import { socketScenarios } from './kms-v2/socket-scenarios.ts';

// Drives a KMS v2 provider over its socket; without --socket the harness proves itself against its own provider, sound and with each fault:
//   node --experimental-transform-types --conditions=source conformance/kms-v2.ts [--socket PATH]
//     [--rotate CMD] [--disable CMD] [--enable CMD] [--restart CMD] [--bound SECONDS]
const text = { type: 'string' } as const;
const { values } = parseArgs({
  options: {
    socket: text,
    rotate: text,
    disable: text,
    enable: text,
    restart: text,
    bound: { type: 'string', default: '60' },
  },
});
const boundMs = Number(values.bound) * 1_000;
if (!(boundMs > 0)) throw new Error('--bound is a number of seconds');

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

async function runs(): Promise<boolean> {
  const { socket, rotate, disable, enable, restart } = values;
  if (socket === undefined) return provesItself();
  const checks = await overSocket(socket, hooksOf({ rotate, disable, enable, restart }));
  console.log(checks.summary('socket'));
  return checks.failures.length === 0;
}

process.exitCode = (await runs()) ? 0 : 1;

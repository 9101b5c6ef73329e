import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CommandLine } from './command-line.ts';

let gabion: CommandLine;

beforeEach(async () => {
  gabion = await CommandLine.open();
});

afterEach(() => gabion[Symbol.asyncDispose]());

/** Asks until `isSo` of what the command printed. */
async function until(args: readonly string[], isSo: (out: string) => boolean): Promise<string> {
  for (let round = 0; round < 100; round++) {
    const { out } = await gabion.run(args);
    if (isSo(out)) return out;
  }
  throw new Error(`gabion ${args.join(' ')} never said so`);
}

describe('clusters', () => {
  it('are added, served by a plugin in a process of its own, suspended and kept while they need their key', async () => {
    await gabion.up();
    expect((await gabion.run(['clusters', 'add', 'prod', '--grace', '600'])).out).toMatch(/prod +in use +secrets +0 /);
    expect((await gabion.run(['clusters', 'config', 'prod'])).out).toContain('endpoint: unix:///run/gabion/kms.sock');
    const socket = join(gabion.dataDir, 'kms.sock');
    const plugin = gabion.start(['kms-plugin', '--cluster', 'prod', '--node', 'cp-1', '--socket', socket]);
    await until(['clusters', 'show', 'prod'], (out) => /cp-1 +gabion:prod:1:/.test(out));
    const flags = await readFile(`/proc/${plugin.pid}/cmdline`, 'utf8');
    expect(flags).toContain('--max-semi-space-size=1');
    expect(await readFile(`/proc/${plugin.pid}/limits`, 'utf8')).toMatch(/^Max core file size +0 +0 /m);
    expect((await gabion.run(['clusters', 'remove', 'prod'])).err).toContain('[cluster_in_use]');
    expect((await gabion.run(['keys', 'disable', 'cluster-prod'])).err).toContain('cluster prod [key_in_use]');
    expect((await gabion.run(['clusters', 'suspend', 'prod'])).out).toContain('suspended');
    await until(['clusters', 'show', 'prod', '--json'], (out) => JSON.parse(out).plugins[0].kmsKeyId === '');
    const { out } = await gabion.run(['clusters', 'resume', 'prod', '--json']);
    expect(JSON.parse(out)).toMatchObject({ isSuspended: false, graceSeconds: 600 });
  });

  it('say what is missing', async () => {
    await gabion.up();
    expect(await gabion.run(['clusters', 'show', 'nobody'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('[cluster_unknown]'),
    });
    expect((await gabion.run(['clusters', 'suspend', 'nobody'])).err).toContain('[cluster_unknown]');
    await gabion.run(['clusters', 'add', 'prod']);
    expect((await gabion.run(['clusters', 'migrate', 'prod'])).err).toContain('[kubeconfig_missing]');
    expect(await gabion.run(['clusters', 'evidence', 'prod'])).toMatchObject({
      code: 1,
      out: expect.stringContaining('Nothing was counted yet'),
    });
    expect(await gabion.run(['clusters', 'evidence', 'prod', '--etcd', 'ftp://x'])).toMatchObject({ code: 2 });
    expect(await gabion.run(['kms-plugin', '--cluster', 'prod', '--socket', 'relative'])).toMatchObject({ code: 2 });
  });
});

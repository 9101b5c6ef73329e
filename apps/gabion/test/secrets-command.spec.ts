import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CommandLine } from './command-line.ts';

let gabion: CommandLine;

beforeEach(async () => {
  gabion = await CommandLine.open();
});

afterEach(() => gabion[Symbol.asyncDispose]());

describe('secrets', () => {
  it('are put, read byte for byte, deleted, brought back and destroyed', async () => {
    await gabion.up();
    expect(await gabion.run(['secrets', 'put', 'team/db'], {}, 'one\n')).toMatchObject({ code: 0 });
    expect((await gabion.run(['secrets', 'put', 'team/db', '--expect', '1'], {}, 'two')).out).toMatch(/2 +current/);
    expect(await gabion.run(['secrets', 'put', 'team/db', '--expect', '1'], {}, 'x')).toMatchObject({
      err: expect.stringContaining('[expected_version_differs]'),
    });
    expect((await gabion.run(['secrets', 'get', 'team/db'])).out).toBe('two');
    expect((await gabion.run(['secrets', 'get', 'team/db', '--at', '1'])).out).toBe('one\n');
    await gabion.run(['secrets', 'delete', 'team/db']);
    expect((await gabion.run(['secrets', 'get', 'team/db'])).err).toContain('[secret_version_deleted]');
    await gabion.run(['secrets', 'undelete', 'team/db', '--versions', '2']);
    expect((await gabion.run(['secrets', 'get', 'team/db'])).out).toBe('two');
    expect(await gabion.run(['secrets', 'destroy', 'team/db'])).toMatchObject({ code: 2 });
    expect((await gabion.run(['secrets', 'destroy', 'team/db', '--all'])).out).toContain('gone for good');
    expect((await gabion.run(['secrets', 'list'])).out).toContain('There is no secret');
  });

  it('hold several values, from files', async () => {
    await gabion.up();
    const file = join(gabion.dataDir, 'web.key');
    await writeFile(file, Buffer.from([0, 255, 10]));
    await gabion.run(['secrets', 'put', 'tls/web', '--file', `key=${file}`, '--file', `cert=${file}`]);
    expect((await gabion.run(['secrets', 'get', 'tls/web'])).err).toContain('[name_needed]');
    const { out } = await gabion.run(['secrets', 'get', 'tls/web', '--json']);
    expect(JSON.parse(out).data).toEqual({ key: 'AP8K', cert: 'AP8K' });
    expect((await gabion.run(['secrets', 'list', '--below', 'tls'])).out).toMatch(/tls\/web +1 /);
  });

  it('are not kept in a cluster that is not there, and say so', async () => {
    await gabion.up();
    await gabion.run(['secrets', 'put', 'team/db'], {}, 'one');
    const sync = ['secrets', 'sync', 'team/db', '--cluster', 'prod', '--namespace', 'shop'];
    expect((await gabion.run(sync)).err).toContain('[cluster_unknown]');
    await gabion.run(['clusters', 'add', 'prod']);
    expect((await gabion.run(sync)).err).toContain('[kubeconfig_missing]');
    expect(await gabion.run(['secrets', 'syncs'])).toMatchObject({
      code: 0,
      out: expect.stringContaining('No secret'),
    });
  });

  it('are kept in a cluster, as far as it answers', async () => {
    await gabion.up();
    await gabion.run(['secrets', 'put', 'team/db'], {}, 'one');
    const file = join(gabion.dataDir, 'kubeconfig');
    await writeFile(file, kubeconfig);
    await gabion.run(['clusters', 'add', 'prod', '--kubeconfig', file]);
    const { out } = await gabion.run(['secrets', 'sync', 'team/db', '--cluster', 'prod', '--namespace', 'shop']);
    expect(await gabion.run(['secrets', 'check', out.trim()])).toMatchObject({ code: 0 });
    while (!/failed: the API server/.test((await gabion.run(['secrets', 'syncs'])).out)) await pause(100);
    expect(await gabion.run(['secrets', 'syncs'])).toMatchObject({
      code: 1,
      out: expect.stringMatching(/prod\/shop\/team-db/),
    });
    expect((await gabion.run(['secrets', 'unsync', out.trim()])).out).toContain('its Secret stays');
  });
});

/** Of an API server that is not there. */
const kubeconfig = JSON.stringify({
  clusters: [{ name: 'c', cluster: { server: 'https://127.0.0.1:1' } }],
  users: [{ name: 'u', user: { token: 't' } }],
  contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
  'current-context': 'x',
});

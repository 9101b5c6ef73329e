import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CommandLine, endedBy } from './command-line.ts';

const run = promisify(execFile);
let gabion: CommandLine;

beforeEach(async () => {
  gabion = await CommandLine.open();
});

afterEach(() => gabion[Symbol.asyncDispose]());

describe('up', () => {
  it('says where it is and where the administrator’s token was written, and stops within 5 s leaving nothing', async () => {
    const up = await gabion.up();
    const tokenFile = join(gabion.dataDir, 'secrets', 'administrator.token');
    const [token, seal, ready] = up.out().split('\n');
    expect(token).toBe(`The administrator's token was written to ${tokenFile}`);
    expect(seal).toContain(`The seal's key was written to ${join(gabion.dataDir, 'secrets', 'seal.key')}`);
    expect(ready).toBe(`Gabion is ready at ${up.url}`);
    expect((await stat(tokenFile)).mode & 0o777).toBe(0o600);
    expect((await fetch(`${up.url}/readyz`)).status).toBe(200);
    expect((await gabion.processes()).length).toBeGreaterThan(0);

    const { code, ms } = await endedBy('SIGTERM', up.process);
    expect(code).toBe(0);
    expect(ms).toBeLessThan(5000);
    expect(await gabion.processes()).toEqual([]);
  });

  it('loses nothing by kill -9, and takes over what was left behind', async () => {
    const first = await gabion.up();
    const { out } = await gabion.run(['token', 'create', 'survivor']);
    await endedBy('SIGKILL', first.process);

    const second = await gabion.up();
    const whoami = await gabion.run(['token', 'whoami'], { GABION_TOKEN: out.trim() });
    expect(whoami).toMatchObject({ code: 0, out: expect.stringContaining('admin (user ') });
    // The token was told of when it was made; it must not look as if there were a new one.
    expect(second.out()).toBe(`Gabion is ready at ${second.url}\n`);
    await endedBy('SIGINT', second.process);
    expect(await gabion.processes()).toEqual([]);
  });

  it('refuses a data directory in use, naming the process', async () => {
    const up = await gabion.up();
    const second = await gabion.run(['up', '--port', '0', '--grpc-port', '0']);
    expect(second).toMatchObject({ code: 3, out: '' });
    expect(second.err).toContain(`${gabion.dataDir} is in use by process ${up.pid} `);
    expect((await fetch(`${up.url}/readyz`)).status).toBe(200);
  });

  it('lets one of several win that start at the same moment', async () => {
    const starts = [1, 2, 3].map(() => gabion.start(['up', '--port', '0', '--grpc-port', '0']));
    const said = starts.map((child) => {
      let text = '';
      child.stdout!.on('data', (more: string) => (text += more));
      child.stderr!.on('data', (more: string) => (text += more));
      return () => text;
    });
    const outcomes = () =>
      said.map((text) => (/is ready at/.test(text()) ? 'ready' : /data_in_use/.test(text()) ? 'refused' : '')).sort();
    for (let tries = 0; tries < 300 && outcomes().includes(''); tries++) await delay(100);
    expect(outcomes()).toEqual(['ready', 'refused', 'refused']);
  });

  it.each(['--port', '--grpc-port'])('refuses a %s that is taken, before it starts anything', async (option) => {
    const other = createServer();
    await new Promise<void>((listening) => other.listen(0, '127.0.0.1', listening));
    const { port } = other.address() as { port: number };
    const ended = await gabion.run(['up', '--port', '0', '--grpc-port', '0', option, String(port)]);
    other.close();
    expect(ended).toMatchObject({ code: 3, out: '' });
    expect(ended.err).toMatch(new RegExp(`port ${port} of 127.0.0.1 is taken .*\\[port_taken\\]\\n.*${option} `));
  });

  it('refuses a data directory of a newer version and leaves it alone', async () => {
    await mkdir(gabion.dataDir, { recursive: true });
    await writeFile(join(gabion.dataDir, 'layout.json'), '{"layout":2,"createdBy":"9.0.0"}\n');
    const ended = await gabion.run(['up', '--port', '0', '--grpc-port', '0']);
    expect(ended).toMatchObject({ code: 3, out: '' });
    expect(ended.err).toMatch(/newer Gabion \(layout 2, made by 9\.0\.0\).*\[data_newer\]/);
    await expect(stat(join(gabion.dataDir, 'postgres'))).rejects.toThrow('ENOENT');
  });

  it('refuses a path that is no directory and a service that does not exist', async () => {
    const file = join(gabion.dataDir, 'file');
    await writeFile(file, '');
    expect(await gabion.run(['up', '--data', file])).toMatchObject({
      code: 3,
      err: expect.stringMatching(/cannot be used/),
    });
    const unknown = await gabion.run(['up', '--services', 'identity,nobody']);
    expect(unknown).toMatchObject({ code: 2, err: expect.stringMatching(/there is no service nobody/) });
  });

  const isRoot = process.getuid?.() === 0;
  (isRoot ? it : it.skip)(`refuses a full disk${isRoot ? '' : ' (needs root, to mount one)'}`, async () => {
    const small = await mkdtemp(join(tmpdir(), 'gabion-full-'));
    await run('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', small]);
    try {
      const ended = await gabion.run(['up', '--data', small, '--port', '0', '--grpc-port', '0']);
      expect(ended).toMatchObject({ code: 3, err: expect.stringMatching(/disk of .* is full: .*\[disk_full\]/) });
    } finally {
      await run('umount', [small]);
      await rm(small, { recursive: true });
    }
  });
});

describe('a platform in the background', () => {
  it('is started, found and stopped', async () => {
    const up = await gabion.run(['up', '--detach', '--port', '0', '--grpc-port', '0']);
    expect(up.code).toBe(0);
    expect(up.out).toMatch(
      /^The administrator's token was written to .*\nThe seal's key was written to .*\nGabion is ready at http:\/\/127\.0\.0\.1:\d+\n$/,
    );

    const status = await gabion.run(['status', '--json']);
    expect(status.code).toBe(0);
    expect(JSON.parse(status.out)).toMatchObject({ running: true, dataDir: gabion.dataDir, health: { ready: true } });

    const down = await gabion.run(['down']);
    expect(down).toMatchObject({ code: 0, out: expect.stringMatching(/^Stopped \(process \d+\)\n$/) });
    expect(await gabion.processes()).toEqual([]);
    expect(await gabion.run(['status'])).toMatchObject({ code: 1, out: `Nothing runs on ${gabion.dataDir}\n` });
    expect(await gabion.run(['down'])).toMatchObject({ code: 0 });
  });

  it('that does not come up says why, like one in the foreground', async () => {
    await writeFile(join(gabion.dataDir, 'layout.json'), '{"layout":1}\n');
    await writeFile(join(gabion.dataDir, 'postgres'), 'in the way');
    const up = await gabion.run(['up', '--detach', '--port', '0', '--grpc-port', '0']);
    expect(up).toMatchObject({ code: 3, out: '' });
    expect(up.err).toMatch(/^gabion: .*\[[a-z_]+\]/m);
  });
});

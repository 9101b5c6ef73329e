import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Home } from './home.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'gabion-home-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

describe('a data directory', () => {
  it('has a name that replicas share which share it, and a key for its owner alone', async () => {
    const [one, two] = await Promise.all([Home.open(directory), Home.open(directory)]);
    expect(one.id).toBe(two.id);
    expect((await stat(join(directory, 'home.key'))).mode & 0o777).toBe(0o600);
  });

  it('refuses a damaged key', async () => {
    await writeFile(join(directory, 'home.key'), 'short');
    await expect(Home.open(directory)).rejects.toThrow('damaged');
  });
});

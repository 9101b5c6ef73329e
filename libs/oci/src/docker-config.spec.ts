import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { dockerConfigCredentials } from './docker-config.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'gabion-docker-config-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

async function find(config: unknown, registry: string, helper?: string, timeoutMs?: number) {
  const path = join(directory, 'config.json');
  await writeFile(path, typeof config === 'string' ? config : JSON.stringify(config));
  if (helper) {
    const program = join(directory, 'docker-credential-test');
    await writeFile(program, `#!/bin/sh\n${helper}\n`);
    await chmod(program, 0o755);
  }
  const env = { PATH: `${directory}:/usr/bin:/bin` };
  return dockerConfigCredentials(path, { env, ...(timeoutMs ? { timeoutMs } : {}) })(registry);
}

const auth = Buffer.from('ada:pass:word').toString('base64');

describe('dockerConfigCredentials', () => {
  it('finds an entry of auths, whatever form its key has', async () => {
    const ada = { username: 'ada', password: 'pass:word' };
    expect(await find({ auths: { 'r.example:5000': { auth } } }, 'r.example:5000')).toEqual(ada);
    expect(await find({ auths: { 'https://r.example/v1/': { auth } } }, 'r.example')).toEqual(ada);
    expect(await find({ auths: { 'https://index.docker.io/v1/': { auth } } }, 'docker.io')).toEqual(ada);
    expect(await find({ auths: { 'r.example': { auth } } }, 'r.example.evil')).toBeUndefined();
  });

  it('finds identity and registry tokens', async () => {
    expect(await find({ auths: { r: { auth, identitytoken: 'i' } } }, 'r')).toEqual({ identityToken: 'i' });
    expect(await find({ auths: { r: { registrytoken: 't' } } }, 'r')).toEqual({ registryToken: 't' });
  });

  it('asks the helper of the registry', async () => {
    const helper = 'read key; echo "{\\"Username\\":\\"$key\\",\\"Secret\\":\\"s\\"}"';
    expect(await find({ credHelpers: { 'r.example': 'test' } }, 'r.example', helper)).toEqual({
      username: 'r.example',
      password: 's',
    });
    expect(await find({ credsStore: 'test' }, 'docker.io', helper)).toMatchObject({
      username: 'https://index.docker.io/v1/',
    });
    expect(await find({ credsStore: 'test' }, 'r', `echo '{"Username":"<token>","Secret":"i"}'`)).toEqual({
      identityToken: 'i',
    });
  });

  it('goes on to auths when the helper knows nothing', async () => {
    const helper = 'echo "credentials not found in native keychain"; exit 1';
    expect(await find({ credsStore: 'test', auths: { r: { auth } } }, 'r', helper)).toMatchObject({ username: 'ada' });
  });

  it('refuses a helper that hangs, fails, babbles or is a path', async () => {
    const refused = { code: 'credentials_invalid' };
    await expect(find({ credsStore: 'test' }, 'r', 'exec sleep 30', 50)).rejects.toMatchObject(refused);
    await expect(find({ credsStore: 'test' }, 'r', 'exit 3')).rejects.toMatchObject(refused);
    await expect(find({ credsStore: 'test' }, 'r', 'echo nonsense')).rejects.toMatchObject(refused);
    await expect(find({ credsStore: 'test' }, 'r', 'exec yes')).rejects.toMatchObject(refused);
    await expect(find({ credsStore: '../test' }, 'r', 'true')).rejects.toMatchObject(refused);
    await expect(find({ credsStore: 'missing' }, 'r')).rejects.toMatchObject(refused);
  });

  it('refuses a malformed file and takes a missing one for none', async () => {
    await expect(find('{', 'r')).rejects.toMatchObject({ code: 'credentials_invalid' });
    await expect(find({ auths: { r: { auth: 'bm9jb2xvbg==' } } }, 'r')).rejects.toMatchObject({
      code: 'credentials_invalid',
    });
    expect(await dockerConfigCredentials(join(directory, 'none', 'config.json'))('r')).toBeUndefined();
  });
});

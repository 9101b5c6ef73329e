import { once } from 'node:events';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { CommandLine } from './command-line.ts';

let gabion: CommandLine;
const run = (args: string[], input = '') => gabion.run(['secrets', ...args], {}, input);

beforeAll(async () => {
  gabion = await CommandLine.open();
  await gabion.up();
  const files = ['user', 'password', 'raw'].map((name) => join(gabion.dataDir, name));
  for (const [at, content] of ['app', 'p"w', Buffer.from([0, 255])].entries()) await writeFile(files[at]!, content);
  await run(['put', 'team/db', ...files.flatMap((file) => ['--file', `${file.split('/').at(-1)}=${file}`])]);
  await run(['put', 'team/one'], 'only');
});
afterAll(() => gabion[Symbol.asyncDispose]());

/** How often a path was read, as the trail has it. */
async function readsOf(path: string): Promise<number> {
  const password = (await readFile(join(gabion.dataDir, 'secrets', 'kms-secrets.postgres'), 'utf8')).trim();
  const host = encodeURIComponent(join(gabion.dataDir, 'postgres', 'run'));
  const url = `postgresql://gabion_kms_secrets:${password}@localhost/gabion_kms_secrets?host=${host}`;
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ body: Buffer }>("select body from events.log where topic = 'audit.recorded'");
    return rows.filter(({ body }) => body.includes('/ReadSecret') && body.includes(`secrets/${path}`)).length;
  } finally {
    await client.end();
  }
}

describe('secrets render', () => {
  it('replaces secrets in a template, in a file of mode 0600 or as told', async () => {
    const [template, output] = [join(gabion.dataDir, 'app.tmpl'), join(gabion.dataDir, 'app.conf')];
    await writeFile(template, 'u={{ secret "team/db" "user" }}\np={{ secret "team/db" "password" | json }}\n');
    expect(await run(['render', template, '--output', output])).toMatchObject({ code: 0, out: '' });
    expect(await readFile(output, 'utf8')).toBe('u=app\np="p\\"w"\n');
    expect((await stat(output)).mode & 0o777).toBe(0o600);
    await run(['render', template, '--output', output, '--mode', '0640']);
    expect((await stat(output)).mode & 0o777).toBe(0o640);
  });

  it('reads each path once, and is recorded once for it', async () => {
    await run([
      'put',
      'team/counted',
      '--file',
      `a=${join(gabion.dataDir, 'user')}`,
      '--file',
      `b=${join(gabion.dataDir, 'password')}`,
    ]);
    const template = '{{ secret "team/counted" "a" }}{{ secret "team/counted" "b" }}{{ secret "team/counted" "a" }}';
    expect((await run(['render', '-'], template)).out).toBe('appp"wapp');
    expect(await readsOf('team/counted')).toBe(1);
    await run(['run', '--env', 'A=team/counted#a', '--env', 'B=team/counted#b', '--', 'true']);
    expect(await readsOf('team/counted')).toBe(2);
  });

  it('reads standard input and writes standard output, byte for byte', async () => {
    const { out } = await run(
      ['render', '-'],
      'k={{ secret "team/db" "raw" | base64 }} {{ secret "team/one" "value" }}',
    );
    expect(out).toBe('k=AP8= only');
  });

  it.each([
    ['x\n {{ secret "team/none" "user" }}', '-:2:2', 'secret_unknown'],
    ['{{ secret "team/db" "pasword" }}', '-:1:32', 'secret_key_missing'],
    ['{{ secret "team/db" }}', '-:1:32', 'template_malformed'],
  ])('writes nothing for %j behind a secret that is there, and says where', async (template, place, code) => {
    const output = join(gabion.dataDir, 'kept.conf');
    await writeFile(output, 'as it was');
    const before = (await readdir(gabion.dataDir)).length;
    const refused = await run(['render', '-', '--output', output], `{{ secret "team/one" "value" }}${template}`);
    expect(refused).toMatchObject({ code: 2, out: '' });
    expect(refused.err).toContain(`${place}: `);
    expect(refused.err).toContain(`[${code}]`);
    expect(await readFile(output, 'utf8')).toBe('as it was');
    expect(await readdir(gabion.dataDir)).toHaveLength(before);
  });
});

describe('secrets run', () => {
  const env = ['--env', 'DB=team/db#password', '--env', 'ONE=team/one'];

  it('runs a command with secrets in its environment, and ends as it does', async () => {
    const ended = await run([
      'run',
      ...env,
      '--',
      'sh',
      '-c',
      'printf "%s %s %s" "$DB" "$ONE" "$1"; exit 7',
      '-',
      '--flag',
    ]);
    expect(ended).toEqual({ code: 7, out: 'p"w only --flag', err: '' });
  });

  it('hands signals on, and dies of the one that the command dies of', async () => {
    const script = 'trap "echo got; exit 5" TERM; echo ready; for i in $(seq 600); do sleep 0.05; done';
    const child = gabion.start(['secrets', 'run', ...env, '--', 'sh', '-c', script]);
    let out = '';
    child.stdout!.on('data', (text: string) => {
      if (!out && text.includes('ready')) child.kill('SIGTERM');
      out += text;
    });
    expect((await once(child, 'close'))[0]).toBe(5);
    expect(out).toBe('ready\ngot\n');
    const killed = gabion.start(['secrets', 'run', ...env, '--', 'sh', '-c', 'kill -KILL $$']);
    expect(await once(killed, 'close')).toEqual([null, 'SIGKILL']);
  });

  it.each([
    [['--env', 'A=team/none'], 2, 'secret_unknown'],
    [['--env', 'A=team/db'], 2, 'name_needed'],
    [['--env', 'A=team/db#pasword'], 2, 'secret_key_missing'],
    [['--env', 'A=team/db#raw'], 2, 'value_not_text'],
    [['--env', '1A=team/db#user'], 2, 'must be NAME=path#name'],
    [[], 2, 'required option'],
  ])('runs nothing with %j', async (asked, code, why) => {
    const ended = await run(['run', ...asked, '--', 'echo', 'ran']);
    expect(ended).toMatchObject({ code, out: '', err: expect.stringContaining(why) });
  });

  it('says that a command is not there as a shell does', async () => {
    expect(await run(['run', ...env, '--', '/no/such/command'])).toMatchObject({
      code: 127,
      err: expect.stringContaining('[command_not_found]'),
    });
  });
});

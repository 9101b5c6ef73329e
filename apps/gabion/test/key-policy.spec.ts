import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CommandLine } from './command-line.ts';

let gabion: CommandLine;
let me: string;

const run = (...args: string[]) => gabion.run(['keys', ...args]);
const given = (input: string, ...args: string[]) => gabion.run(['keys', ...args], {}, input);

beforeAll(async () => {
  gabion = await CommandLine.open();
  await gabion.up('--services', 'identity,kms-secrets,gateway');
  me = JSON.parse((await gabion.run(['token', 'whoami', '--json'])).out).id;
});

afterAll(() => gabion[Symbol.asyncDispose]());

describe('policies of keys', () => {
  it('allow what their statements say, and go when they are cleared', async () => {
    await run('create', 'app');
    const allow = `caller=${me},operations=encrypt+decrypt,context=tenant:a`;
    expect(await run('policy', 'set', 'app', '--allow', allow)).toMatchObject({ code: 0 });
    const refused = await given('x', 'encrypt', 'app', '--context', 'tenant=b');
    expect(refused).toMatchObject({ code: 2, err: expect.stringContaining('[not_allowed_by_policy]') });
    expect(refused.err).toContain('gabion keys policy show');
    expect((await given('x', 'encrypt', 'app', '--context', 'tenant=a')).code).toBe(0);
    expect(await run('policy', 'clear', 'app')).toMatchObject({ code: 0 });
    expect((await given('x', 'encrypt', 'app', '--context', 'tenant=b')).code).toBe(0);
  });

  it('are set from what they are shown as', async () => {
    await run('create', 'shown');
    const allow = ['--allow', 'caller=service:shop,caller=b,operations=verify-mac,rate=7', '--allow'];
    await run('policy', 'set', 'shown', ...allow, 'caller=c,operations=generate-data-key+rewrap,context=a:b:c');
    const { out: yaml } = await run('policy', 'show', 'shown');
    const { out: json } = await run('policy', 'show', 'shown', '--json');
    expect(JSON.parse(json).statements).toMatchObject([
      { callers: ['service:shop', 'b'], operations: ['KEY_OPERATION_VERIFY_MAC'], maxOperationsPerSecond: 7 },
      { operations: ['KEY_OPERATION_GENERATE_DATA_KEY', 'KEY_OPERATION_REWRAP'], context: { a: 'b:c' } },
    ]);
    const file = join(gabion.dataDir, 'shown.policy');
    for (const text of [yaml, json]) {
      await run('policy', 'clear', 'shown');
      await writeFile(file, text);
      expect((await run('policy', 'set', 'shown', '--file', file)).code).toBe(0);
      expect((await run('policy', 'show', 'shown')).out).toBe(yaml);
    }
  });

  it('are refused with what is wrong with them', async () => {
    const setting = ['policy', 'set', 'nobody', '--data', join(gabion.dataDir, 'nothing')];
    const refused = async (told: string, input: string, ...args: string[]) =>
      expect(await given(input, ...setting, ...args)).toMatchObject({ code: 2, err: expect.stringContaining(told) });
    await refused('"fly" is none of encrypt', '', '--allow', 'caller=a,operations=fly');
    await refused('"colour" is none of caller', '', '--allow', 'colour=red');
    await refused('rate is one number', '', '--allow', 'caller=a,operations=sign,rate=many');
    await refused('callers: name nobody', '', '--allow', 'operations=sign');
    await refused('statements[0]: Unrecognized key: "colour"', badStatement, '--file', '-');
    await refused('is no YAML', '{', '--file', '-');
    await refused('is no YAML', '- callers: [*nobody]', '--file', '-');
    await refused('gabion keys policy clear', '[]', '--file', '-');
    await refused('--file FILE, or --allow', '');
  });
});

const badStatement = '- { callers: [a], operations: [sign], colour: red }';

import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CommandLine } from './command-line.ts';

let gabion: CommandLine;
const run = (args: string[], input = '') => gabion.run(['secrets', ...args], {}, input);

beforeAll(async () => {
  gabion = await CommandLine.open();
  await gabion.up();
  await run(['put', 'team/db'], 'first');
});
afterAll(() => gabion[Symbol.asyncDispose]());

describe('secrets rotation', () => {
  it('makes a value anew when it is told to', async () => {
    const set = ['rotation', 'set', 'team/db', '--every', '30d', '--generate', 'value', '--length', '20'];
    expect((await run(set)).out).toMatch(/makes value of 20 characters, every 30 d\n {2}state {2}scheduled\n/);
    expect(await run(['rotate', 'team/db', '--expect', '1'])).toMatchObject({ code: 0 });
    while (!(await run(['rotation', 'show', 'team/db'])).out.includes('version 2')) await pause(100);
    expect((await run(['get', 'team/db'])).out).toMatch(/^[A-Za-z0-9]{20}$/);
    expect((await run(['rotate', 'team/db', '--expect', '1'])).err).toContain('[expected_version_differs]');
    expect((await run(['rotation', 'remove', 'team/db'])).out).toContain('not rotated any more');
    expect((await run(['rotation', 'show', 'team/db'])).err).toContain('[secret_rotation_unknown]');
  });

  it('shows the signing secret of a hook once, and why the hook does not answer', async () => {
    await run(['put', 'team/hooked'], 'first');
    const set = ['rotation', 'set', 'team/hooked', '--every', '12h', '--hook', 'https://127.0.0.1:1/rotate'];
    expect((await run(set)).out).toMatch(/every 12 h\n[\s\S]*whsec_[A-Za-z0-9+/=]{44}\n$/);
    expect((await run(set)).out).not.toContain('whsec_');
    await run(['rotate', 'team/hooked']);
    while (!(await run(['rotation', 'show', 'team/hooked'])).out.includes('[hook_unreachable]')) await pause(100);
  });

  it.each([
    [['--every', '30d'], '--generate NAME or --hook URL'],
    [['--every', '30d', '--generate', 'value', '--hook', 'https://x/'], '--generate NAME or --hook URL'],
    [['--every', '30 days', '--generate', 'value'], 'must be hours or days'],
    [['--every', '1000d', '--generate', 'value'], '[field_invalid]'],
    [['--every', '30d', '--hook', 'http://127.0.0.1/'], 'no https URL'],
    [['--every', '30d', '--hook', 'https://x/', '--ca', '/no/such/file'], '[file_unreadable]'],
  ])('is not set by %j', async (options, why) => {
    const refused = await run(['rotation', 'set', 'team/db', ...options]);
    expect(refused).toMatchObject({ code: 2, err: expect.stringContaining(why) });
  });
});

describe('secrets policy', () => {
  it('is set, listed, shown and removed, and decides', async () => {
    await run(['put', 'closed/db'], 'first');
    expect((await run(['policy', 'list'])).out).toContain('There is no policy');
    const set = ['policy', 'set', 'closed/*', '--allow', 'alice=read,list', '--allow', 'service:reader=read'];
    expect((await run(set)).out).toMatch(/closed\/\*\n[\s\S]*alice +read, list\nservice:reader +read\n/);
    expect((await run(['get', 'closed/db'])).err).toContain('[not_allowed_by_policy]');
    expect((await run(['list', '--below', 'closed'])).out).toContain('There is no secret');
    expect((await run(['policy', 'list'])).out).toMatch(/closed\/\* +2 /);
    expect((await run(['policy', 'show', 'closed/*'])).out).toContain('alice');
    expect((await run(['policy', 'remove', 'closed/*'])).code).toBe(0);
    expect((await run(['get', 'closed/db'])).out).toBe('first');
    expect((await run(['policy', 'set', 'a', '--allow', 'alice=fly'])).err).toContain('there is no operation "fly"');
  });
});

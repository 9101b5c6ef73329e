import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CommandLine } from './command-line.ts';

let gabion: CommandLine;

beforeEach(async () => {
  gabion = await CommandLine.open();
});

afterEach(() => gabion[Symbol.asyncDispose]());

describe('seal', () => {
  it('is open on a first start, closes when told, and opens by its file with the next start', async () => {
    const up = await gabion.up();
    expect(await gabion.run(['seal', 'status'])).toMatchObject({
      code: 0,
      out: 'The seal is open; opened by its file\n',
    });
    expect(await gabion.run(['seal', 'close'])).toMatchObject({ code: 0 });
    expect(await gabion.run(['seal', 'status'])).toMatchObject({ code: 1, out: 'The seal is closed\n' });
    const closed = await gabion.run(['seal', 'init']);
    expect(closed).toMatchObject({ code: 2, err: expect.stringContaining('[seal_already_initialised]') });
    const ended = new Promise((resolve) => up.process.once('exit', resolve));
    up.process.kill('SIGTERM');
    await ended;
    await gabion.up();
    const { out } = await gabion.run(['seal', 'status', '--json']);
    expect(JSON.parse(out)).toMatchObject({ isInitialized: true, isSealed: false, kind: 'SEAL_KIND_FILE' });
  });

  it('takes nothing for a share that is none', async () => {
    expect(await gabion.run(['seal', 'open'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('standard input holds no share'),
    });
    expect(await gabion.run(['seal', 'init', '--shares', '300'])).toMatchObject({ code: 2 });
  });
});

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { createLog, redactText } from './log.ts';

function capture() {
  const lines: string[] = [];
  const log = createLog({ service: 'test', destination: { write: (line) => void lines.push(line) } });
  return { log, text: () => lines.join(''), last: () => JSON.parse(lines.at(-1) ?? '{}') };
}

describe('log', () => {
  it('redacts values under secret keys down to the fourth level', () => {
    const { log, text } = capture();
    const secret = 'hunter2hunter2';
    log.info({ password: secret, a: { token: secret, b: { authorization: secret, c: { privateKey: secret } } } }, 'x');
    log.info({ headers: { cookie: secret, 'set-cookie': secret } }, 'y');
    expect(text()).not.toContain(secret);
    expect(text()).toContain('[redacted]');
  });

  it('redacts a token, a bearer header and a password in a URL wherever they stand', () => {
    const { log, text } = capture();
    const error = new Error('connect postgres://app:s3cr3tpass@db/x failed', {
      cause: new Error('header was Bearer abcdefghijklmnop'),
    });
    log.error({ error, note: 'gbn_AbCdEfGhIjKlMnOp' }, 'cannot use gbn_ZyXwVuTsRqPo');
    expect(text()).not.toMatch(/s3cr3tpass|abcdefghijklmnop|AbCdEfGh|ZyXwVu/);
    expect(redactText('https://user@host/ok')).toBe('https://user@host/ok');
  });

  it('writes error name, code, message and cause', () => {
    const { log, last } = capture();
    log.error({ error: Object.assign(new Error('no', { cause: new Error('why') }), { code: 'ECODE' }) }, 'failed');
    expect(last()).toMatchObject({
      level: 'error',
      service: 'test',
      message: 'failed',
      error: { message: 'no', code: 'ECODE', cause: { message: 'why' } },
    });
  });

  it.each([
    ['https://ana:hunter2@host', 'https://ana:[redacted]@host'],
    ['at 1://ana:hunter2@host', 'at 1://ana:[redacted]@host'],
    ['REDIS://:hunter2@host/0 and amqp://b:hunter2@c', 'REDIS://:[redacted]@host/0 and amqp://b:[redacted]@c'],
    ['a://b/c://d:hunter2@e', 'a://b/c://d:[redacted]@e'],
    ['bEaReR  hunter2hunter2', 'bEaReR [redacted]'],
    ['"BASIC aHVudGVyMg=="', '"BASIC [redacted]"'],
    ['xgbn_1 /gbn_hunter2hunter2', 'xgbn_1 /gbn_[redacted]'],
    [`${'http://a.b/'.repeat(200)}c://d:hunter2@e`, `${'http://a.b/'.repeat(200)}c://d:[redacted]@e`],
  ])('leaves no way around redaction: %s', (text, redacted) => {
    expect(redactText(text)).toBe(redacted);
    const { log, text: written } = capture();
    log.child({}, { redact: [] }).info({ path: text }, text);
    expect(written()).not.toMatch(/hunter2|aHVudGVy/);
  });

  it.each([
    ['process.exit(0)', 0],
    ['throw new Error("end")', 1],
    ['setTimeout(() => process.exit(0))', 0],
  ])('has written every line, in order, when the process ends by %s', (ending, status) => {
    const log = fileURLToPath(new URL('./log.ts', import.meta.url));
    const script = `const { createLog } = await import(${JSON.stringify(log)});
      const [one, other] = [createLog({ service: 'one' }), createLog({ service: 'other' })];
      for (let n = 0; n < 500; n++) (n % 2 ? one : other).info({ n }, 'x'.repeat(n));
      one.error('last'); other.info({ n: 500 }, 'gbn_hunter2hunter2'); ${ending}`;
    const node = ['--conditions=source', '--experimental-transform-types', '--input-type=module', '-e', script];
    const ended = spawnSync(process.execPath, node, { encoding: 'utf8' });
    expect(ended.status).toBe(status);
    const lines = ended.stderr.split('\n').filter((line) => line.startsWith('{"level"'));
    expect(lines.flatMap((line) => JSON.parse(line).n ?? [])).toEqual(Array.from({ length: 501 }, (_, n) => n));
    expect(lines.join()).not.toContain('hunter2');
  });
});

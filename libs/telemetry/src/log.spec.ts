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
});

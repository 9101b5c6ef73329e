import { describe, expect, it } from '@jest/globals';
import { claimsIn, malformed, refusals } from './jwt-claims.ts';

const now = new Date('2026-06-01T12:00:00Z');
const seconds = now.getTime() / 1000;
const reader = { now, audience: undefined };

describe('claims of a JWT', () => {
  it('are accepted from nbf on and before exp', () => {
    expect(refusals({ nbf: seconds, exp: seconds + 1 }, reader)).toEqual([]);
    expect(refusals({ exp: seconds }, reader)).toEqual(['it expired at 2026-06-01T12:00:00.000Z']);
    expect(refusals({ nbf: seconds + 1 }, reader)).toEqual(['it is not valid before 2026-06-01T12:00:01.000Z']);
  });

  it('are accepted by one of their audience only', () => {
    expect(refusals({ aud: ['a', 'b'] }, { now, audience: 'b' })).toEqual([]);
    expect(refusals({ aud: 'a' }, { now, audience: 'b' })).toEqual(['it is meant for a, not for b']);
    expect(refusals({ aud: 'a' }, reader)).toEqual([expect.stringContaining('--audience')]);
    expect(refusals({}, { now, audience: 'b' })).toEqual(['it names no audience']);
    expect(refusals({ aud: [] }, { now, audience: 'b' })).toEqual(['it is meant for nobody, not for b']);
  });

  it('with times or audiences of another form are accepted by nobody', () => {
    expect(refusals({ exp: `${seconds + 60}` }, reader)).toEqual(['exp is no number of seconds']);
    expect(refusals({ nbf: null }, reader)).toEqual(['nbf is no number of seconds']);
    expect(malformed({ aud: [1] })).toEqual(['aud is no text']);
  });

  it('are a JSON object', () => {
    expect(claimsIn(Buffer.from('{"sub":"a"}'))).toEqual({ sub: 'a' });
    for (const other of ['[]', 'null', '1', '{', '']) expect(claimsIn(Buffer.from(other))).toBeUndefined();
    expect(claimsIn(Buffer.from([0x7b, 0xff, 0x7d]))).toBeUndefined();
  });
});

import { describe, expect, it } from '@jest/globals';
import { distinguishedName } from './distinguished-name.ts';

const cn = (value: string) => ({ type: '2.5.4.3', value });
const o = (value: string) => ({ type: '2.5.4.10', value });
const ou = (value: string) => ({ type: '2.5.4.11', value });
const dc = (value: string) => ({ type: '0.9.2342.19200300.100.1.25', value });

describe('a distinguished name', () => {
  // RFC 4514 section 4, but for the one in hexadecimal.
  it.each([
    [
      'UID=jsmith,DC=example,DC=net',
      [[{ type: '0.9.2342.19200300.100.1.1', value: 'jsmith' }], [dc('example')], [dc('net')]],
    ],
    ['OU=Sales+CN=J.  Smith,DC=example,DC=net', [[ou('Sales'), cn('J.  Smith')], [dc('example')], [dc('net')]]],
    ['CN=James \\"Jim\\" Smith\\, III,DC=net', [[cn('James "Jim" Smith, III')], [dc('net')]]],
    ['CN=Lu\\C4\\8Di\\C4\\87', [[cn('Lučić')]]],
    ['cn = a , O=b', [[cn('a')], [o('b')]]],
    ['CN=a=b#c', [[cn('a=b#c')]]],
    ['CN=\\#a\\ ', [[cn('#a ')]]],
    ['2.5.4.3=a', [[cn('a')]]],
  ])('%j is read', (text, names) => {
    expect(distinguishedName(text)).toEqual(names);
  });

  it.each([
    '',
    'garbage',
    'CN=a, garbage',
    'garbage,CN=a',
    'CN=a,',
    'CN=a,,O=b',
    'CN=a+',
    'CN=',
    'CN= ',
    'CN=a\nO=b',
    'CN=a\\0AO=b',
    'CN=a;O=b',
    'CN="a"b',
    'CN=a\\',
    'CN=a\\2',
    'CN=\\C4',
    'CN=\\C0\\AF',
    'CN=#0c0161',
    'XX=a',
    '1=a',
    '3.1=a',
    '2.5.4.3.=a',
    '0.40=a',
    '99999999999999999999.1=a',
    `CN=${'a'.repeat(5000)}`,
    'CN=\ud800',
  ])('%j is none, and no part of it is taken', (text) => {
    expect(() => distinguishedName(text)).toThrow(expect.objectContaining({ code: 'subject_malformed' }));
  });

  it.each([
    ['spaces', `CN=a${' '.repeat(4000)}b`],
    ['escapes', `CN=${'\\'.repeat(4000)}`],
    ['attributes', 'CN=a+'.repeat(800)],
    ['numbers', `${'1.'.repeat(2000)}=a`],
    ['letters', 'a'.repeat(4000)],
  ])('of %s takes no long time', (_, text) => {
    const before = performance.now();
    try {
      distinguishedName(text);
    } catch {}
    expect(performance.now() - before).toBeLessThan(2000);
  });
});

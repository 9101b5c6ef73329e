import { describe, expect, it } from '@jest/globals';
import { derive } from './derivation.ts';
import { isMac, macOf } from './mac.ts';

describe('mac', () => {
  it('answers the vector of RFC 4231, 4.3, and takes no other MAC', () => {
    const [key, message] = [Buffer.from('Jefe'), Buffer.from('what do ya want for nothing?')];
    const mac = macOf('sha256', key, message);
    expect(mac.toString('hex')).toBe('5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843');
    expect(isMac('sha256', key, message, mac)).toBe(true);
    expect(isMac('sha256', key, message, mac.subarray(0, 16))).toBe(false);
    expect(isMac('sha256', key, Buffer.from('what'), mac)).toBe(false);
  });
});

describe('derivation', () => {
  const key = Buffer.alloc(22, 0x0b);
  const salt = Buffer.from('000102030405060708090a0b0c', 'hex');
  const info = Buffer.from('f0f1f2f3f4f5f6f7f8f9', 'hex');

  it('answers the vector of RFC 5869, A.1', () => {
    expect(derive('sha256', key, { salt, info, lengthBytes: 42 }).toString('hex')).toBe(
      '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
    );
  });

  it.each([0, 1.5, 255 * 32 + 1])('refuses %d bytes', (lengthBytes) => {
    expect(() => derive('sha256', key, { salt, info, lengthBytes })).toThrow(
      expect.objectContaining({ code: 'derivation_invalid' }),
    );
  });
});

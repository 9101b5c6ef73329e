import { describe, expect, it } from '@jest/globals';
import { open, seal } from './aead.ts';
import { encodeContext } from './context.ts';
import { readEnvelope } from './envelope.ts';
import type { AeadAlgorithm } from './internal/cipher.ts';

const key = Buffer.alloc(32, 7);
const context = new Map([
  ['tenant', 'acme'],
  ['path', 'db/password'],
]);
const plaintext = Buffer.from('correct horse');
const id = '0f8fad5b-d9cb-469f-a165-70867728950e';
const useOf = (algorithm: AeadAlgorithm) => ({ algorithm, id, version: 3 });
const refused = expect.objectContaining({ name: 'KeyError', code: 'ciphertext_refused' });

describe.each<AeadAlgorithm>(['aes-256-gcm', 'chacha20-poly1305', 'xchacha20-poly1305', 'aes-256-gcm-siv'])(
  'a ciphertext of %s',
  (algorithm) => {
    const use = useOf(algorithm);
    const ciphertext = seal(key, use, plaintext, context);

    it('closes nothing with a key that was overwritten', () => {
      const use = { algorithm: 'aes-256-gcm', id: '0f8fad5b-d9cb-469f-a165-70867728950e', version: 1 } as const;
      const attempt = () => seal(Buffer.alloc(32), use, Buffer.from('x'), new Map());
      expect(attempt).toThrow(expect.objectContaining({ code: 'key_malformed' }));
    });

    it('opens with its key and context, in whatever order the context is given', () => {
      expect(Buffer.from(open(key, use, ciphertext, new Map([...context].reverse())))).toEqual(plaintext);
      expect(readEnvelope(ciphertext)).toMatchObject(use);
    });

    it('holds an empty text too', () => {
      expect(open(key, use, seal(key, use, Buffer.alloc(0), context), context)).toHaveLength(0);
    });

    it('is another each time', () => expect(seal(key, use, plaintext, context)).not.toEqual(ciphertext));

    it('opens with no bit of it turned', () => {
      for (let bit = 0; bit < ciphertext.length * 8; bit++) {
        const damaged = Buffer.from(ciphertext);
        damaged[bit >> 3]! ^= 1 << (bit & 7);
        const code = expect.stringMatching(
          bit < 16 ? /^(ciphertext_(refused|format_unknown|truncated)|algorithm_unknown)$/ : /^ciphertext_refused$/,
        );
        expect(() => open(key, use, damaged, context)).toThrow(expect.objectContaining({ code }));
      }
    });

    it('opens at no other length', () => {
      for (let length = 0; length < ciphertext.length; length++)
        expect(() => open(key, use, ciphertext.subarray(0, length), context)).toThrow(
          expect.objectContaining({ code: expect.stringMatching(/^ciphertext_(truncated|refused)$/) }),
        );
      expect(() => open(key, use, Buffer.concat([ciphertext, Buffer.alloc(1)]), context)).toThrow(refused);
    });

    it.each([
      ['another context', key, use, new Map([['tenant', 'acme']])],
      ['another key', Buffer.alloc(32, 8), use, context],
      ['another version', key, { ...use, version: 4 }, context],
      ['another id', key, { ...use, id: '0f8fad5b-d9cb-469f-a165-70867728950f' }, context],
    ])('opens not with %s', (_, otherKey, otherUse, otherContext) => {
      expect(() => open(otherKey, otherUse, ciphertext, otherContext)).toThrow(refused);
    });
  },
);

describe('sealing', () => {
  const use = useOf('aes-256-gcm');
  it.each([
    ['a short key', () => seal(Buffer.alloc(16), use, plaintext, context), 'key_malformed'],
    ['an id that is no UUID', () => seal(key, { ...use, id: 'x' }, plaintext, context), 'key_malformed'],
    ['version 0', () => seal(key, { ...use, version: 0 }, plaintext, context), 'key_version_invalid'],
    [
      'a name of Object.prototype',
      () => seal(key, useOf('toString' as never), plaintext, context),
      'algorithm_unknown',
    ],
    ['a huge context', () => seal(key, use, plaintext, new Map([['a', 'b'.repeat(65_536)]])), 'context_too_large'],
    ['a lone surrogate', () => seal(key, use, plaintext, new Map([['a', '\ud800']])), 'context_malformed'],
    ['an unknown format', () => open(key, use, Buffer.alloc(99, 2), context), 'ciphertext_format_unknown'],
    ['an unknown algorithm', () => open(key, use, Buffer.alloc(99, 1).fill(9, 1, 2), context), 'algorithm_unknown'],
  ])('refuses %s', (_, act, code) => {
    expect(act).toThrow(expect.objectContaining({ name: 'KeyError', code }));
  });

  it('tells contexts apart whose texts are the same end to end', () => {
    expect(encodeContext(new Map([['ab', 'c']]))).not.toEqual(encodeContext(new Map([['a', 'bc']])));
  });
});

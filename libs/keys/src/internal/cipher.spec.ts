import { describe, expect, it } from '@jest/globals';
import { decrypt, encrypt } from './cipher.ts';

const sunscreen =
  "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.";
const hex = (text: string) => Buffer.from(text, 'hex');

describe('cipher', () => {
  it.each([
    {
      source: 'McGrew and Viega, test case 14',
      algorithm: 'aes-256-gcm' as const,
      use: { key: hex('00'.repeat(32)), nonce: hex('00'.repeat(12)), aad: hex('') },
      plaintext: hex('00'.repeat(16)),
      sealed: 'cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919',
    },
    {
      source: 'RFC 8439, 2.8.2',
      algorithm: 'chacha20-poly1305' as const,
      use: {
        key: hex('808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f'),
        nonce: hex('070000004041424344454647'),
        aad: hex('50515253c0c1c2c3c4c5c6c7'),
      },
      plaintext: Buffer.from(sunscreen),
      sealed:
        'd31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b1a71de0a9e060b29' +
        '05d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc3ff4def08e4b7a9de576d26586cec64b' +
        '61161ae10b594f09e26a7e902ecbd0600691',
    },
    {
      source: 'draft-irtf-cfrg-xchacha-03, A.3.1',
      algorithm: 'xchacha20-poly1305' as const,
      use: {
        key: hex('808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f'),
        nonce: hex('404142434445464748494a4b4c4d4e4f5051525354555657'),
        aad: hex('50515253c0c1c2c3c4c5c6c7'),
      },
      plaintext: Buffer.from(sunscreen),
      sealed:
        'bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216' +
        'cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff921f9664c97637da9768812f615c68b13' +
        'b52ec0875924c1c7987947deafd8780acf49',
    },
    {
      source: 'RFC 8452, C.2',
      algorithm: 'aes-256-gcm-siv' as const,
      use: { key: hex(`01${'00'.repeat(31)}`), nonce: hex(`03${'00'.repeat(11)}`), aad: hex('') },
      plaintext: hex(''),
      sealed: '07f5f4169bbf55a8400cd47ea6fd400f',
    },
  ])('answers the vector of $source', ({ algorithm, use, plaintext, sealed }) => {
    expect(Buffer.from(encrypt(algorithm, use, plaintext)).toString('hex')).toBe(sealed);
    expect(Buffer.from(decrypt(algorithm, use, hex(sealed)))).toEqual(plaintext);
  });
});

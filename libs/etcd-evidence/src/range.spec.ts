import { describe, expect, it } from '@jest/globals';
import { Census } from './census.ts';
import { EvidenceError } from './evidence-error.ts';
import { takeRange } from './range.ts';
import { storedValue } from './stored-value.ts';

const kmsKeyId = 'gabion:prod:7:0f8fad5b-d9cb-469f-a165-70867728950e:3';

/** A field of wire type 2. */
function field(number: number, content: Uint8Array): Buffer {
  const length = content.length < 128 ? [content.length] : [(content.length & 0x7f) | 0x80, content.length >> 7];
  return Buffer.concat([Buffer.from([(number << 3) | 2, ...length]), content]);
}

/** As the API server stores it: encryptedData, keyID, encryptedDEKSource, an annotation and the type. */
function kmsValue(keyId = kmsKeyId): Buffer {
  const annotation = Buffer.concat([field(1, Buffer.from('a.gabion.dev')), field(2, Buffer.from('x'))]);
  return Buffer.concat([
    Buffer.from('k8s:enc:kms:v2:gabion:'),
    field(1, Buffer.alloc(300, 7)),
    field(2, Buffer.from(keyId)),
    field(3, Buffer.alloc(60, 9)),
    field(4, annotation),
    Buffer.from([0x28, 1]),
  ]);
}

function range(...kvs: readonly (readonly [string, Uint8Array])[]): string {
  return JSON.stringify({
    header: { revision: 9 },
    kvs: kvs.map(([key, value]) => ({
      key: Buffer.from(key).toString('base64'),
      value: Buffer.from(value).toString('base64'),
    })),
    count: kvs.length,
  });
}

describe('takeRange', () => {
  it('counts values by resource, provider, key and version', () => {
    const census = new Census();
    const last = takeRange(
      census,
      range(
        ['/registry/secrets/default/a', kmsValue()],
        ['/registry/secrets/default/b', kmsValue()],
        ['/registry/secrets/default/c', Buffer.from('k8s\0\n\fv1')],
        ['/registry/secrets/default/d', Buffer.from('k8s:enc:aescbc:v1:key1:xyz')],
        ['/registry/example.com/widgets/default/w', kmsValue('other-key')],
      ),
    );
    expect(last).toBe('/registry/example.com/widgets/default/w');
    expect(census.shares()).toEqual([
      { resource: 'secrets', provider: 'aescbc', kmsKeyId: '', version: 0, values: 1 },
      { resource: 'secrets', provider: 'identity', kmsKeyId: '', version: 0, values: 1 },
      { resource: 'secrets', provider: 'kms-v2', kmsKeyId, version: 3, values: 2 },
      { resource: 'widgets.example.com', provider: 'kms-v2', kmsKeyId: 'other-key', version: 0, values: 1 },
    ]);
  });

  it('reads an answer without values', () => {
    expect(takeRange(new Census(), '{"header":{}}')).toBeUndefined();
  });

  it.each(['', '[]', '{"kvs":{}}', '{"kvs":[1]}', '{"kvs":[{"key":1}]}', '{"kvs":[{"key":"*"}]}'])(
    'refuses %s',
    (json) => {
      expect(() => takeRange(new Census(), json)).toThrow(EvidenceError);
    },
  );

  it('keeps to 1000 shares and loses no value', () => {
    const census = new Census();
    for (let i = 0; i < 1500; i++) census.add('/registry/secrets/a/b', kmsValue(`key-${i}`));
    const shares = census.shares();
    expect(shares).toHaveLength(1000);
    expect(shares.reduce((sum, { values }) => sum + values, 0)).toBe(1500);
  });
});

describe('storedValue', () => {
  it('never takes a truncated value for one under a key that it does not name whole', () => {
    const whole = kmsValue();
    const names = new Set<string>();
    for (let length = 0; length < whole.length; length++) names.add(storedValue(whole.subarray(0, length)).kmsKeyId);
    expect([...names].filter((name) => name !== '' && name !== kmsKeyId)).toEqual([]);
    expect(storedValue(whole).kmsKeyId).toBe(kmsKeyId);
  });

  it.each([
    ['a length beyond the value', Buffer.from([0x12, 0xff, 0xff, 0xff, 0xff, 0x0f])],
    ['a varint without an end', Buffer.alloc(64, 0xff)],
    ['a group', Buffer.from([0x13, 0x14])],
    ['a key_id over 1024 bytes', field(2, Buffer.alloc(1025, 97))],
    ['a key_id that is no UTF-8', field(2, Buffer.from([0xff, 0xfe]))],
    ['fields without end', Buffer.alloc(100_000, Buffer.from([0x28, 1]))],
  ])('names no key for %s', (_, object) => {
    const value = Buffer.concat([Buffer.from('k8s:enc:kms:v2:gabion:'), object]);
    expect(storedValue(value)).toEqual({ provider: 'kms-v2', kmsKeyId: '' });
  });

  it('knows a prefix that nobody knows from a value in the clear', () => {
    expect(storedValue(Buffer.from('k8s:enc:rot13:v9:k:abc')).provider).toBe('unknown');
    expect(storedValue(Buffer.from('{"kind":"Secret"}')).provider).toBe('identity');
  });
});

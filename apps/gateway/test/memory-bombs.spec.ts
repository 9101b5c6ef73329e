import { CryptoService } from '@gabion/contracts/gabion/kms/v1/operations_pb';
import { SecretService } from '@gabion/contracts/gabion/kms/v1/secrets_pb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { offered, type Platform, platform } from './platform.ts';

const mebibyte = 1024 * 1024;
let gabion: Platform;

beforeAll(async () => {
  const catalogue = { ...offered, 'kms-secrets': [CryptoService, SecretService] };
  // Nobody answers there: what comes through to the key service is unavailable.
  gabion = await platform({}, catalogue, { 'kms-secrets': 'unix:/nonexistent/kms' });
});
afterAll(() => gabion[Symbol.asyncDispose]());

const post = (path: string, body: string) =>
  gabion.http(path, { method: 'POST', body, headers: { 'content-type': 'application/json' } });

/** `part` as often as a body may be long. */
const filled = (part: string, [before, after]: readonly [string, string]) =>
  `${before}${part.repeat(Math.floor((4 * mebibyte - before.length - after.length) / part.length))}${after}`;

const nested = (open: string, close: string, depth: number) => `${open.repeat(depth)}${close.repeat(depth)}`;

// Vault and OpenBao took bodies like these apart before they asked who sent them and how much there was.
describe('CVE-2025-6203, CVE-2024-8185: a body for the key service that is made to cost memory', () => {
  it.each<[string, string, string, string]>([
    ['nested lists', '/v1/keys:decryptBatch', `{"items":${nested('[', ']', 150_000)}}`, 'json_too_deep'],
    ['nested objects', '/v1/keys:decryptBatch', nested('{"items":', '}', 100_000).replace('}', '1}'), 'json_too_deep'],
    ['a million items', '/v1/keys:decryptBatch', filled('{},', ['{"items":[', '{}]}']), 'json_too_many_values'],
    ['more items than are taken', '/v1/keys:decryptBatch', `{"items":[${'{},'.repeat(50_000)}{}]}`, 'field_invalid'],
    ['a million empty lists', '/v1/keys:decryptBatch', filled('[],', ['{"items":[', '[]]}']), 'json_too_many_values'],
    [
      'a hundred thousand names',
      '/v1/keys/k:encrypt',
      `{"plaintext":"eA==","context":{${Array.from({ length: 150_000 }, (_, at) => `"${at}":""`).join(',')}}}`,
      'field_invalid',
    ],
    [
      'one name again and again',
      '/v1/keys/k:encrypt',
      `{"context":{${'"a":"",'.repeat(100_000)}"a":""}}`,
      'json_duplicate_key',
    ],
    ['a number of 4 MiB', '/v1/keys/k:encrypt', filled('9', ['{"plaintext":', '}']), 'json_number_too_large'],
    ['a name of 4 MiB', '/v1/keys/k:encrypt', filled('a', ['{"', '":1}']), 'field_unknown'],
    ['too many bytes', '/v1/keys/k:encrypt', `{"plaintext":"${'A'.repeat(5 * mebibyte)}"}`, 'body_too_large'],
  ])('is refused, as %s, within a moment', async (_, path, body, code) => {
    const before = process.cpuUsage();
    const response = await post(path, body);
    expect(response.status).toBeGreaterThanOrEqual(400);
    expect(response.status).toBeLessThan(500);
    expect(await response.json()).toMatchObject({ code });
    // Also of the client, which is in this process: 18 s where messages were made of a million items.
    expect(process.cpuUsage(before).user / 1000).toBeLessThan(3000);
  });

  it('costs who may not ask nothing: the body is not read', async () => {
    const body = nested('[', ']', 500_000);
    const response = await gabion.http('/v1/keys:decryptBatch', {
      method: 'POST',
      body,
      token: 'gbn_nobody0000000000',
    });
    expect(response.status).toBe(401);
  });

  it('keeps nothing, however many come', async () => {
    const bombs = async () => {
      for (let round = 0; round < 2; round++)
        await Promise.all(
          Array.from({ length: 4 }, () => post('/v1/keys:decryptBatch', filled('{},', ['{"items":[', '{}]}']))),
        );
      globalThis.gc?.();
      return process.memoryUsage().heapUsed;
    };
    const [first, second] = [await bombs(), await bombs()];
    expect(second - first).toBeLessThan(256 * mebibyte);
    expect((await gabion.http('/v1/scans')).status).toBe(200);
  });
});

import { randomBytes, randomInt } from 'node:crypto';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { adminToken, type Platform, platform } from './platform.ts';

let gabion: Platform;
beforeAll(async () => {
  gabion = await platform({
    limits: { headersMs: 300, requestMs: 900, callerRate: { burst: 100_000, perSecond: 100_000 } },
  });
});
afterAll(() => gabion[Symbol.asyncDispose]());

/** Sends bytes on a connection of their own and reads until the other side closes, or `quietMs` of silence after an answer. */
function send(bytes: Buffer | string, quietMs = 300): Promise<string> {
  const { port } = new URL(gabion.url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), '127.0.0.1');
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      socket.setTimeout(quietMs, () => socket.destroy());
    });
    socket.on('error', () => {}).on('close', () => resolve(text));
    socket.write(bytes);
  });
}

describe('what comes over the wire', () => {
  it.each([
    ['no HTTP', 'hello\r\n\r\n', 400, 'http_malformed'],
    ['headers too large', `GET / HTTP/1.1\r\nhost: a\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`, 431, 'headers_too_large'],
    [
      'two lengths',
      'POST /v1/scans HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n',
      400,
      'http_malformed',
    ],
    [
      'a length and chunks',
      'POST /v1/scans HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
      'http_malformed',
    ],
    ['headers that never end', 'GET / HTTP/1.1\r\nhost: a\r\n', 408, 'request_timeout'],
    ['a verb that nobody knows', 'PURGE /v1/scans HTTP/1.1\r\nhost: a\r\n\r\n', 405, 'method_not_allowed'],
    ['a URL with a null', 'GET /v1/sc\0ans HTTP/1.1\r\nhost: a\r\n\r\n', 400, 'http_malformed'],
  ])('is refused when it is %s', async (_what, text, status, code) => {
    const answer = await send(text);
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(answer).toContain('application/problem+json');
    expect(answer).toContain(`"code":"${code}"`);
  });

  it('is refused when its body never ends', async () => {
    const answer = await send(
      `POST /v1/scans HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${adminToken}\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{`,
    );
    expect(answer).toMatch(/^HTTP\/1.1 408 /);
  });

  it('is let go when nothing comes at all', async () => {
    const { port } = new URL(gabion.url);
    const started = Date.now();
    await new Promise((resolve) =>
      connect(Number(port), '127.0.0.1')
        .resume()
        .on('error', () => {})
        .on('close', resolve),
    );
    expect(Date.now() - started).toBeLessThan(10_000);
  });

  it('may be half open: the answer still comes', async () => {
    const { port } = new URL(gabion.url);
    const text = await new Promise<string>((resolve) => {
      const socket = connect({ port: Number(port), host: '127.0.0.1', allowHalfOpen: true });
      let got = '';
      socket.on('data', (chunk) => {
        got += chunk.toString();
      });
      socket.on('end', () => resolve(got)).on('error', () => resolve(got));
      socket.end('GET /healthz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');
    });
    expect(text).toMatch(/^HTTP\/1.1 200 /);
  });

  it('never brings the gateway down, whatever the bytes', async () => {
    const heads = [
      '',
      'GET /',
      'POST /v1/scans HTTP/1.1\r\nhost: a\r\n',
      'GET /v1/scans/%',
      'GET /v1/scans? HTTP/1.1\r\n',
    ];
    for (let round = 0; round < 60; round++) {
      const bytes = Buffer.concat([
        Buffer.from(heads[round % heads.length]!),
        randomBytes(randomInt(1, 400)),
        Buffer.from('\r\n\r\n'),
      ]);
      const answer = await send(bytes, 20);
      const [, status] = /^HTTP\/1.1 (\d{3})/.exec(answer) ?? [];
      if (status) expect(Number(status)).toBeLessThan(500);
    }
    expect((await gabion.http('/healthz')).status).toBe(200);
  });

  it('never becomes an unforeseen error, whatever the JSON', async () => {
    const keys = [
      'image',
      'uploadId',
      'platform',
      'credentials',
      'plainHttp',
      '__proto__',
      'constructor',
      'toString',
      '',
      'a.b',
    ];
    const value = (depth: number): unknown => {
      const kinds = [null, true, -1, 1.5, 1e300, '', 'text', '\ud800', 'x'.repeat(5000)];
      const way = randomInt(0, depth > 3 ? 1 : 3);
      if (way === 0) return kinds[randomInt(kinds.length)];
      if (way === 1) return Array.from({ length: randomInt(4) }, () => value(depth + 1));
      return Object.fromEntries(
        Array.from({ length: randomInt(4) }, () => [keys[randomInt(keys.length)], value(depth + 1)]),
      );
    };
    const seen = new Set<number>();
    for (let round = 0; round < 400; round++) {
      const { status } = await gabion.http('/v1/scans', {
        method: 'POST',
        body: JSON.stringify(value(0)),
        headers: { 'content-type': 'application/json' },
      });
      seen.add(status);
    }
    expect([...seen].every((status) => status === 200 || status === 400)).toBe(true);
    const failures = gabion.lines.filter((line) => line.includes('"level":"error"'));
    expect(failures).toEqual([]);
  });

  it('never becomes an unforeseen error, whatever the query', async () => {
    for (let round = 0; round < 200; round++) {
      const query = randomBytes(randomInt(1, 40))
        .toString('latin1')
        .replace(/[\0-\x20\x7f-\xff#]/g, '%');
      const { status } = await gabion.http(`/v1/scans?pageSize=1&${query}`);
      expect([200, 400]).toContain(status);
    }
  });
});

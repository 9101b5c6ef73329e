import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { adminToken, type Platform, platform } from './platform.ts';

let gabion: Platform;
beforeEach(async () => {
  gabion = await platform({ limits: { stallMs: 300, bodyBytes: 1000 } });
});
afterEach(() => gabion[Symbol.asyncDispose]());

const upload = (
  body: Buffer<ArrayBuffer> | string,
  query = 'header.name=app.tar&header.format=IMAGE_FORMAT_DOCKER_ARCHIVE',
  headers = {},
) => gabion.http(`/v1/uploads?${query}`, { method: 'POST', body, headers });

describe('an upload over REST', () => {
  it('is passed on piece by piece, however large a JSON body may be', async () => {
    const response = await upload(Buffer.alloc(3_000_000, 7), undefined, { 'content-type': 'application/x-tar' });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ size: '3000000' });
  });

  it('is refused by the rules of its header', async () => {
    const response = await upload('x', 'header.format=IMAGE_FORMAT_DOCKER_ARCHIVE');
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ errors: [{ field: 'header.name' }] });
  });

  it('is refused when the query names a field that the header has not', async () => {
    expect((await upload('x', 'header.color=red')).status).toBe(400);
  });

  it('is refused when it is compressed on the way', async () => {
    const response = await upload('x', undefined, { 'content-encoding': 'gzip' });
    expect(response.status).toBe(415);
  });

  it('ends with the answer of a service that takes no more, while the rest of the body is still to come', async () => {
    const answer = await raw('header.name=refused&header.format=1', 'content-length: 1000000\r\n', 'first bytes');
    expect(answer).toMatch(/^HTTP\/1\.1 429 [\s\S]*disk_full/);
  });

  it('is cut off when nothing comes any more', async () => {
    const answer = await raw('header.name=a&header.format=1', 'content-length: 1000\r\n', 'first bytes');
    expect(answer).toMatch(/^HTTP\/1\.1 408 [\s\S]*request_timeout/);
  });
});

describe('a document over REST', () => {
  const report = (way: string) => gabion.http(`/v1/scans/${way}${randomUUID().slice(1)}/report`);

  it('is its bytes, with its media type', async () => {
    const response = await report('1');
    expect(response.headers.get('content-type')).toBe('application/sarif+json');
    expect(await response.json()).toEqual({ a: 1 });
  });

  it('that is refused is a problem', async () => {
    const response = await report('3');
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ code: 'scan_not_found' });
  });

  it('that breaks off is not taken for whole', async () => {
    const response = await report('4');
    await expect(response.text()).rejects.toThrow();
  });
});

/** Sends a request whose body stays behind its length, and reads the answer to its end. */
function raw(query: string, headers: string, begun: string): Promise<string> {
  const { port } = new URL(gabion.url);
  const socket = connect(Number(port), '127.0.0.1');
  socket.write(
    `POST /v1/uploads?${query} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${adminToken}\r\n${headers}\r\n${begun}`,
  );
  return text(socket);
}

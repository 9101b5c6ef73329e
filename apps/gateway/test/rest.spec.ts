import { randomUUID } from 'node:crypto';
import { startTracing } from '@gabion/telemetry/tracing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Platform, platform, readerToken, until } from './platform.ts';

let tracing: AsyncDisposable;
let gabion: Platform;

beforeAll(async () => {
  tracing = await startTracing({ service: 'test' });
  gabion = await platform();
});
afterAll(async () => {
  await gabion[Symbol.asyncDispose]();
  await tracing[Symbol.asyncDispose]();
});

const json = { 'content-type': 'application/json' };
const post = (body: unknown, headers: Record<string, string> = {}) =>
  gabion.http('/v1/scans', {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
    headers: { ...json, ...headers },
  });
const problemOf = async (response: Response): Promise<Record<string, unknown>> => ({
  ...((await response.json()) as Record<string, unknown>),
  status: response.status,
  type: response.headers.get('content-type'),
});

describe('a request over REST', () => {
  it('calls the method of its path with body, and answers its message as JSON', async () => {
    const response = await post({ image: 'alpine:3.10', platform: 'linux/amd64' });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ target: 'alpine:3.10', state: 'SCAN_STATE_QUEUED', layers: [] });
  });

  it('reads path and query, by JSON name and by .proto name, enums by name', async () => {
    const id = randomUUID();
    expect(await (await gabion.http(`/v1/scans/${id}`)).json()).toMatchObject({ id });
    const listed = await gabion.http('/v1/scans?page_size=7&pageToken=abc&state=SCAN_STATE_FAILED');
    expect(await listed.json()).toEqual({ scans: [], nextPageToken: 'next' });
    expect(gabion.seen.requests.at(-1)).toMatchObject({ pageSize: 7, pageToken: 'abc', state: 4 });
  });

  it('brings caller, source address, request id, idempotency key and trace to the service', async () => {
    const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
    const response = await post(
      { image: 'a' },
      {
        'x-request-id': 'mine-1',
        'idempotency-key': 'key-0001',
        traceparent: `00-${trace}-00f067aa0ba902b7-01`,
        'gabion-caller-bin': 'AAAA',
        'gabion-service': 'identity',
      },
    );
    expect(response.headers.get('x-request-id')).toBe('mine-1');
    expect(response.headers.get('trace-id')).toBe(trace);
    expect(gabion.seen.calls.at(-1)).toMatchObject({
      peer: 'gateway',
      requestId: 'mine-1',
      idempotencyKey: 'key-0001',
      caller: { id: 'admin', sourceAddress: '127.0.0.1' },
    });
  });

  it('replaces a request id that is not fit for a log', async () => {
    const response = await gabion.http('/v1/whoami', { headers: { 'x-request-id': 'a b{}'.repeat(50) } });
    expect(response.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('does not believe X-Forwarded-For of whom it was not told to trust', async () => {
    await gabion.http(`/v1/scans/${randomUUID()}`, { headers: { 'x-forwarded-for': '203.0.113.9' } });
    expect(gabion.seen.calls.at(-1)?.caller.sourceAddress).toBe('127.0.0.1');
  });

  it.each([
    ['a key that the message has not', { image: 'a', colour: 1 }, 'field_unknown', 'colour'],
    ['a nested key', { image: 'a', credentials: { user: 'x' } }, 'field_unknown', 'credentials.user'],
    ['a value of another type', { image: 'a', plainHttp: 'yes' }, 'field_invalid', 'plainHttp'],
    ['two of one oneof', { image: 'a', uploadId: randomUUID() }, 'field_invalid', undefined],
    ['a value against a rule of the contract', { image: 'a', platform: 'Linux' }, 'field_invalid', 'platform'],
    ['a prototype', '{"image":"a","__proto__":{"platform":"x"}}', 'field_unknown', '__proto__'],
    ['a key twice', '{"image":"a","image":"b"}', 'json_duplicate_key', 'image'],
    ['a key twice, once escaped', '{"image":"a","im\\u0061ge":"b"}', 'json_duplicate_key', 'image'],
    ['something that is no JSON', '{"image":', 'json_malformed', undefined],
    ['no object', '[1]', 'body_not_an_object', undefined],
    ['a depth bomb', '['.repeat(100_000) + ']'.repeat(100_000), 'json_too_deep', undefined],
    ['a number beyond 2^53', '{"image":"a","plainHttp":123456789012345678901}', 'json_number_too_large', undefined],
    ['a number beyond doubles', '{"image":"a","plainHttp":1e999}', 'json_number_too_large', undefined],
  ])('refuses a body with %s', async (_what, body, code, field) => {
    const problem = await problemOf(await post(body));
    expect(problem).toMatchObject({ status: 400, type: 'application/problem+json', code });
    if (field) expect(problem.errors).toMatchObject([{ field }]);
  });

  it.each([
    ['unknown', '/v1/scans?colour=1', 'field_unknown', 'colour'],
    ['given twice', '/v1/scans?pageSize=1&pageSize=2', 'field_invalid', 'pageSize'],
    ['not a number', '/v1/scans?pageSize=x', 'field_invalid', 'pageSize'],
    ['no value of its enum', '/v1/scans?state=LOST', 'field_invalid', 'state'],
    ['over its bound', '/v1/scans?pageSize=501', 'field_invalid', 'pageSize'],
    ['in the path against its format', '/v1/scans/1', 'field_invalid', 'id'],
  ])('refuses a parameter that is %s', async (_what, path, code, field) => {
    const problem = await problemOf(await gabion.http(path));
    expect(problem).toMatchObject({ status: 400, code });
    expect((problem.errors as { field: string }[])[0]).toMatchObject({ field });
  });

  it.each([
    ['/v1/nothing', 'GET', 404, 'route_unknown'],
    ['/v1/scans/', 'GET', 404, 'route_unknown'],
    ['/v1/scans', 'DELETE', 405, 'method_not_allowed'],
    ['/v1/scans', 'OPTIONS', 405, 'method_not_allowed'],
    ['/v1/scans/%ff', 'GET', 400, 'url_malformed'],
  ])('answers %s %s with %i %s', async (path, method, status, code) => {
    const response = await gabion.http(path, { method });
    if (status === 405) expect(response.headers.get('allow')).toBe('POST, GET, HEAD');
    expect(await problemOf(response)).toMatchObject({ status, code, type: 'application/problem+json' });
  });

  it('refuses a URL that is too long', async () => {
    const response = await gabion.http(`/v1/scans?pageToken=${'x'.repeat(9000)}`);
    expect(await problemOf(response)).toMatchObject({ status: 414, code: 'url_too_long' });
  });

  it('refuses a body that is too large, declared or not, and one of another type', async () => {
    const large = JSON.stringify({ image: 'x'.repeat(5 * 1024 * 1024) });
    expect(await problemOf(await post(large))).toMatchObject({ status: 413, code: 'body_too_large' });
    const stream = new ReadableStream({
      pull(controller) {
        controller.enqueue(new Uint8Array(1024 * 1024).fill(0x20));
      },
    });
    const undeclared = await gabion
      .http('/v1/scans', { method: 'POST', body: stream, headers: json, duplex: 'half' } as never)
      .then(problemOf, () => ({ code: 'connection closed' }));
    expect(['body_too_large', 'connection closed']).toContain(undeclared.code);
    expect(
      await problemOf(await post('image=a', { 'content-type': 'application/x-www-form-urlencoded' })),
    ).toMatchObject({
      status: 415,
      code: 'content_type_unsupported',
    });
    expect(await problemOf(await post('{}', { 'content-encoding': 'gzip' }))).toMatchObject({ status: 415 });
  });

  it('answers the fault of a service with its code, and an unforeseen error without its text', async () => {
    const missing = await post({ image: 'a', platform: 'linux/none' });
    expect(missing.headers.get('retry-after')).toBe('2');
    expect(await problemOf(missing)).toMatchObject({ status: 404, code: 'image_not_found', detail: 'no such image' });
    const bug = await problemOf(await post({ image: 'a', platform: 'linux/bug' }));
    expect(bug).toMatchObject({ status: 500, code: 'internal' });
    expect(JSON.stringify(bug)).not.toContain('secret detail');
    const denied = await gabion.http('/v1/advisory-sources', { token: readerToken });
    expect(await problemOf(denied)).toMatchObject({ status: 403, code: 'permission_denied' });
  });

  it('refuses an idempotency key that is not one', async () => {
    expect(await problemOf(await post({ image: 'a' }, { 'idempotency-key': 'short' }))).toMatchObject({
      status: 400,
      code: 'idempotency_key_malformed',
    });
  });

  it('cancels the call when the client leaves', async () => {
    const before = gabion.seen.cancelled;
    const leaving = new AbortController();
    const calls = gabion.seen.calls.length;
    const response = gabion.http('/v1/scans', {
      method: 'POST',
      body: '{"image":"a","platform":"linux/slow"}',
      headers: json,
      signal: leaving.signal,
    });
    await until(() => gabion.seen.calls.length > calls);
    leaving.abort();
    await expect(response).rejects.toThrow();
    await until(() => gabion.seen.cancelled > before);
  });

  it('carries security headers and is not to be kept', async () => {
    const { headers } = await gabion.http('/v1/whoami');
    expect(Object.fromEntries(headers)).toMatchObject({
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    });
    expect(headers.get('strict-transport-security')).toBeNull();
  });

  it('is logged once, without its query and without its token', async () => {
    await gabion.http('/v1/scans?pageToken=private-cursor', { headers: { 'x-request-id': 'logged-1' } });
    await until(() => gabion.lines.some((line) => line.includes('logged-1')));
    const [line, ...more] = gabion.lines.filter((each) => each.includes('logged-1'));
    expect(more).toEqual([]);
    expect(JSON.parse(line ?? '')).toMatchObject({
      route: '/v1/scans',
      status: 200,
      caller: 'admin',
      path: '/v1/scans',
    });
    expect(gabion.lines.join('')).not.toMatch(/private-cursor|gbn_[a-z]/);
  });
});

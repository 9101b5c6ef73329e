import { randomUUID } from 'node:crypto';
import { get } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { adminToken, type Platform, platform, until } from './platform.ts';

let gabion: Platform;
beforeEach(async () => {
  gabion = await platform({ limits: { heartbeatMs: 50, streamsPerCaller: 2, stallMs: 300, graceMs: 1000 } });
});
afterEach(() => gabion[Symbol.asyncDispose]());

const idOf = (way: string) => `${way}${randomUUID().slice(1)}`;
const watch = (way: string, accept = 'text/event-stream', signal?: AbortSignal) =>
  gabion.http(`/v1/scans/${idOf(way)}:watch`, { headers: { accept }, ...(signal && { signal }) });

/** Reads a stream until its text has `wanted`. */
async function readUntil(response: Response, wanted: RegExp): Promise<string> {
  let text = '';
  for await (const chunk of response.body!.pipeThrough(
    new TextDecoderStream() as never,
  ) as unknown as AsyncIterable<string>) {
    text += chunk;
    if (wanted.test(text)) return text;
  }
  return text;
}

describe('a stream over REST', () => {
  it('is server-sent events for who accepts them', async () => {
    const response = await watch('1');
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    expect(response.headers.get('x-request-id')).toBeTruthy();
    const events = (await response.text()).split('\n\n').filter((each) => each.startsWith('event:'));
    expect(events).toHaveLength(3);
    const [type, id, data = ''] = events[2]!.split('\n');
    expect([type, id]).toEqual(['event: message', 'id: 3']);
    expect(JSON.parse(data.slice('data: '.length))).toMatchObject({ packageCount: 2 });
  });

  it('is one JSON object a line for others', async () => {
    const response = await watch('1', '*/*');
    expect(response.headers.get('content-type')).toBe('application/x-ndjson');
    const lines = (await response.text())
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map(({ result }) => result.packageCount)).toEqual([0, 1, 2]);
  });

  it('that is refused is a problem', async () => {
    const response = await watch('3');
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ code: 'scan_not_found' });
  });

  it('that fails later ends with the problem', async () => {
    expect(await (await watch('4')).text()).toMatch(/event: error\ndata: \{.*"code":"scan_deleted".*\}\n\n$/);
    const lines = (await (await watch('4', 'application/json')).text()).trim().split('\n');
    expect(JSON.parse(lines.at(-1)!)).toMatchObject({ error: { code: 'scan_deleted', status: 409 } });
  });

  it('is kept alive, and its call ends when the reader leaves', async () => {
    const leaving = new AbortController();
    const response = await watch('2', 'text/event-stream', leaving.signal);
    expect(await readUntil(response, /\n:\n\n:\n\n/)).toContain('event: message');
    leaving.abort();
    await until(() => gabion.seen.cancelled === 1);
  });

  it('is open so many times for one caller, and a place that is left is free', async () => {
    const leaving = new AbortController();
    await watch('2', 'text/event-stream', leaving.signal);
    await watch('2', 'text/event-stream', leaving.signal);
    const third = await watch('2');
    expect(third.status).toBe(429);
    expect(await third.json()).toMatchObject({ code: 'streams_exhausted' });
    leaving.abort();
    await until(async () => (await watch('1')).status === 200);
  });

  it('is produced no faster than it is read, and cut off when nobody reads', async () => {
    const request = get(`${gabion.url}/v1/scans/${idOf('9')}:watch`, {
      headers: { authorization: `Bearer ${adminToken}` },
    });
    const ended = new Promise((resolve) =>
      request.on('response', (response) => response.pause().on('close', resolve).on('error', resolve)),
    );
    await until(() => gabion.seen.cancelled === 1);
    expect(gabion.seen.produced).toBeLessThan(100_000);
    request.destroy();
    await ended;
  });

  it('ends when the gateway stops, within its grace', async () => {
    const text = (await watch('2')).text();
    const started = Date.now();
    await gabion.gateway[Symbol.asyncDispose]();
    expect(await text).toContain('event: message');
    expect(Date.now() - started).toBeLessThan(3000);
  });
});

describe('a gateway that stops', () => {
  it('finishes what is in flight and takes nothing new', async () => {
    const calls = gabion.seen.calls.length;
    const slow = gabion.http('/v1/scans', {
      method: 'POST',
      body: '{"image":"a","platform":"linux/pause"}',
      headers: { 'content-type': 'application/json' },
    });
    await until(() => gabion.seen.calls.length > calls);
    const stopped = gabion.gateway[Symbol.asyncDispose]();
    await until(() =>
      gabion.http('/healthz').then(
        async (response) => {
          await response.arrayBuffer();
          return response.status === 503;
        },
        () => true,
      ),
    );
    gabion.seen.release();
    const answer = await slow;
    expect(answer.status).toBe(200);
    await answer.arrayBuffer();
    const answered = Date.now();
    await stopped;
    // The connection that is kept alive is not waited for.
    expect(Date.now() - answered).toBeLessThan(900);
  });
});

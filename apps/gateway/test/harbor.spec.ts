import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { adminToken, type Platform, platform } from './platform.ts';

let running: Platform;
beforeAll(async () => {
  running = await platform();
});
afterAll(() => running[Symbol.asyncDispose]());

const digest = `sha256:${'a'.repeat(64)}`;
const ask = (change: object = {}) => ({
  registry: { url: 'https://core.harbor.example', authorization: `Basic ${btoa('robot$x:secret')}` },
  artifact: { repository: 'library/mongo', digest, tag: '3.14' },
  ...change,
});
const post = (body: unknown, init: RequestInit & { token?: string } = {}) =>
  running.http('/harbor/api/v1/scan', {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
    headers: { 'content-type': 'application/vnd.scanner.adapter.scan.request+json; version=1.1' },
    ...init,
  });

describe('the Harbor adapter', () => {
  it('tells what it can do', async () => {
    const answer = await running.http('/harbor/api/v1/metadata');
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('application/vnd.scanner.adapter.metadata+json; version=1.1');
    const { scanner, capabilities } = (await answer.json()) as { scanner: object; capabilities: { type: string }[] };
    expect(scanner).toMatchObject({ name: 'Gabion' });
    expect(capabilities.map(({ type }) => type)).toEqual(['vulnerability', 'sbom']);
  });

  it('takes a scan with the credentials of the robot account', async () => {
    const answer = await post(ask());
    expect(answer.status).toBe(202);
    expect(answer.headers.get('content-type')).toBe('application/vnd.scanner.adapter.scan.response+json; version=1.0');
    expect(await answer.json()).toEqual({ id: expect.stringMatching(/^[0-9a-f-]{36}$/) });
    expect(running.seen.requests.at(-1)).toMatchObject({
      target: { case: 'image', value: `core.harbor.example/library/mongo@${digest}` },
      credentials: { username: 'robot$x', password: 'secret' },
      plainHttp: false,
    });
  });

  it.each([
    ['no JSON', '{', 400],
    ['nothing', '', 400],
    ['null', 'null', 400],
    ['the wrong type', ask({ registry: 'x' }), 400],
    ['no registry', { artifact: ask().artifact }, 422],
    ['a URL that is none', ask({ registry: { url: 'harbor' } }), 422],
    ['no digest', ask({ artifact: { repository: 'a' } }), 422],
    ['an unknown capability', ask({ enabled_capabilities: [{ type: 'coffee' }] }), 422],
    ['a chart', ask({ artifact: { ...ask().artifact, mime_type: 'application/vnd.cncf.helm.config.v1+json' } }), 501],
  ])('refuses %s', async (_, body, status) => {
    const answer = await post(body);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toBe('application/vnd.scanner.adapter.error+json; version=1.0');
    expect(await answer.json()).toEqual({ error: { message: expect.any(String) } });
  });

  it('lets in by Basic and by API key, and nobody else', async () => {
    const basic = { authorization: `Basic ${btoa(`gabion:${adminToken}`)}` };
    const at = (headers: Record<string, string>) => running.http('/harbor/api/v1/metadata', { token: '', headers });
    expect((await at(basic)).status).toBe(200);
    expect((await at({ 'x-scanneradapter-api-key': adminToken })).status).toBe(200);
    expect((await at({})).status).toBe(401);
  });

  it('asks to come again while a scan runs, and refuses reports that it does not make', async () => {
    const path = `/harbor/api/v1/scan/${crypto.randomUUID()}/report`;
    const waiting = await running.http(path, { redirect: 'manual' });
    expect(waiting.status).toBe(302);
    expect(Number(waiting.headers.get('refresh-after'))).toBeGreaterThan(0);
    const get = (accept: string, query = '') => running.http(path + query, { redirect: 'manual', headers: { accept } });
    expect((await get('text/html')).status).toBe(501);
    expect((await get('application/vnd.security.sbom.report+json; version=1.0')).status).toBe(400);
    const spdx = '?sbom_media_type=application%2Fspdx%2Bjson';
    expect((await get('application/vnd.security.sbom.report+json; version=1.0', spdx)).status).toBe(302);
    expect((await running.http('/harbor/api/v1/scan/nonsense/report')).status).toBe(404);
  });
});

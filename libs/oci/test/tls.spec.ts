import { randomBytes } from 'node:crypto';
import { buildImage } from '@gabion/testkit/images';
import { file, layerTar } from '@gabion/testkit/layer-tar';
import { describe, expect, it } from '@jest/globals';
import { parseReference } from '../src/reference.ts';
import { openRegistry, type RegistryOptions } from '../src/registry.ts';
import { FakeRegistry } from './fake-registry.ts';
import { TestAuthority } from './test-authority.ts';
import { TestProxy } from './test-proxy.ts';

const tar = layerTar([file('a', randomBytes(100_000))]);
const image = buildImage({ layers: [tar] });
const authority = await TestAuthority.create();
const server = await authority.serverFor('127.0.0.1', 'registry.test');
const ada = { username: 'ada', password: 'countess' };
const basicOfAda = `Basic ${Buffer.from('ada:countess').toString('base64')}`;

/** Reads the image's layer over https. */
async function read(host: string, options: RegistryOptions = {}): Promise<Buffer> {
  const backoff = { attempts: 3, wait: async () => {} };
  const spoken = { plainHttp: false, ca: authority.ca, backoff, ...options };
  await using source = openRegistry(parseReference(`${host}/app:1`), spoken);
  const found = await source.image();
  return Buffer.concat(await (await found.openLayer(found.layers[0]!)).toArray());
}

describe('a registry over TLS', () => {
  it('is trusted by the certificate of its own authority', async () => {
    await using registry = await FakeRegistry.start(image, server);
    expect((await read(registry.host)).equals(tar)).toBe(true);
  });

  it('is refused, without a second try, when nobody trusts its authority', async () => {
    await using registry = await FakeRegistry.start(image, server);
    const stranger = await TestAuthority.create();
    const waits: number[] = [];
    const backoff = { wait: async (ms: number) => void waits.push(ms) };
    const reading = read(registry.host, { ca: stranger.ca, backoff });
    await expect(reading).rejects.toMatchObject({ code: 'certificate_refused' });
    expect(registry.requests).toEqual([]);
    expect(waits).toEqual([]);
  });

  it('is refused when its certificate is for another host', async () => {
    await using registry = await FakeRegistry.start(image, await authority.serverFor('other.test'));
    await expect(read(registry.host)).rejects.toMatchObject({ code: 'certificate_refused' });
  });

  it('may not redirect to plain http', async () => {
    await using plain = await FakeRegistry.start(image);
    await using registry = await FakeRegistry.start(image, server);
    registry.answer = (request, response) =>
      request.url!.includes('/blobs/') &&
      !!response.writeHead(307, { location: `http://${plain.host}${request.url}` }).end();
    await expect(read(registry.host)).rejects.toMatchObject({ code: 'plain_http_refused' });
    expect(plain.requests).toEqual([]);
  });

  it('may not send credentials to a token service on plain http', async () => {
    await using plain = await FakeRegistry.start(image);
    await using registry = await FakeRegistry.start(image, server);
    registry.answer = (_, response) =>
      !!response.writeHead(401, { 'www-authenticate': `Bearer realm="http://${plain.host}/token"` }).end();
    const reading = read(registry.host, { credentials: async () => ada });
    await expect(reading).rejects.toMatchObject({ code: 'plain_http_refused' });
    expect(plain.requests).toEqual([]);
  });

  it('keeps its Authorization to itself when it redirects to another host', async () => {
    await using store = await FakeRegistry.start(image, server);
    await using registry = await FakeRegistry.start(image, server);
    registry.answer = (request, response) => {
      if (request.headers.authorization !== basicOfAda)
        return !!response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
      if (!request.url!.includes('/blobs/')) return false;
      return !!response.writeHead(307, { location: `https://${store.host}${request.url}` }).end();
    };
    expect((await read(registry.host, { credentials: async () => ada })).equals(tar)).toBe(true);
    // The configuration and the layer.
    expect(store.requests.map((request) => request.headers.authorization)).toEqual([undefined, undefined]);
    expect(registry.requests.filter((request) => request.headers.authorization)).toHaveLength(3);
  });
});

describe('a registry behind a proxy', () => {
  it('is reached by a name that the proxy alone knows', async () => {
    await using registry = await FakeRegistry.start(image, server);
    await using proxy = await TestProxy.start({ 'registry.test:443': registry.port });
    expect((await read('registry.test', { proxyEnv: { HTTPS_PROXY: proxy.url } })).equals(tar)).toBe(true);
    expect(proxy.asked).toEqual(['registry.test:443']);
  });

  it('must show a certificate for its own name', async () => {
    await using registry = await FakeRegistry.start(image, await authority.serverFor('other.test'));
    await using proxy = await TestProxy.start({ 'registry.test:443': registry.port });
    const reading = read('registry.test', { proxyEnv: { HTTPS_PROXY: proxy.url } });
    await expect(reading).rejects.toMatchObject({ code: 'certificate_refused' });
  });

  it('is reached without it where NO_PROXY says so', async () => {
    await using registry = await FakeRegistry.start(image, server);
    await using proxy = await TestProxy.start({});
    const proxyEnv = { HTTPS_PROXY: proxy.url, NO_PROXY: '127.0.0.1' };
    expect((await read(registry.host, { proxyEnv })).equals(tar)).toBe(true);
    expect(proxy.asked).toEqual([]);
  });

  it('is unavailable when the proxy does not reach it', async () => {
    await using proxy = await TestProxy.start({});
    const reading = read('registry.test', { proxyEnv: { HTTPS_PROXY: proxy.url } });
    await expect(reading).rejects.toMatchObject({ code: 'registry_unavailable' });
    expect(proxy.asked).toHaveLength(3);
  });

  it('leaves the proxy itself out of the address filter, but not what is asked of it', async () => {
    await using registry = await FakeRegistry.start(image, server);
    await using proxy = await TestProxy.start({ 'registry.test:443': registry.port });
    const options = { proxyEnv: { HTTPS_PROXY: proxy.url }, allowsAddress: (ip: string) => !ip.startsWith('127.') };
    expect((await read('registry.test', options)).equals(tar)).toBe(true);
    await expect(read('127.0.0.1:5000', options)).rejects.toMatchObject({ code: 'address_refused' });
    await expect(read('localhost:5000', options)).rejects.toMatchObject({ code: 'address_refused' });
    expect(proxy.asked).toEqual(['registry.test:443']);
  });
});

import { buildImage } from '@gabion/testkit/images';
import { file } from '@gabion/testkit/layer-tar';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { parseReference } from '../src/reference.ts';
import { openRegistry, type RegistryOptions } from '../src/registry.ts';
import { FakeRegistry } from './fake-registry.ts';

const image = buildImage({ layers: [[file('a', 'one')]] });
let registry: FakeRegistry;
beforeEach(async () => {
  registry = await FakeRegistry.start(image);
});
afterEach(() => registry[Symbol.asyncDispose]());

async function read(host: string, allowsAddress: RegistryOptions['allowsAddress']): Promise<string> {
  const backoff = { attempts: 3, wait: async () => {} };
  await using source = openRegistry(parseReference(`${host}/app:1`), {
    plainHttp: true,
    backoff,
    ...(allowsAddress && { allowsAddress }),
  });
  const found = await source.image();
  await (await found.openLayer(found.layers[0]!)).toArray();
  return found.manifestDigest;
}

const isNotLinkLocal = (ip: string) => !ip.startsWith('169.254.');
const refused = { name: 'OciError', code: 'address_refused' };

describe('the address filter of a registry', () => {
  it('lets through what it allows, by address and by name', async () => {
    expect(await read(registry.host, isNotLinkLocal)).toBe(image.manifest.digest);
    expect(await read(`localhost:${registry.port}`, isNotLinkLocal)).toBe(image.manifest.digest);
  });

  it.each(['169.254.169.254', '127.0.0.1', '[::1]', 'localhost'])('refuses %s', async (host) => {
    const seen: string[] = [];
    const none = (ip: string) => {
      seen.push(ip);
      return false;
    };
    await expect(read(`${host}:${registry.port}`, none)).rejects.toMatchObject(refused);
    // Once, with the bare address: it makes no sense to try again.
    expect(seen).toHaveLength(1);
    expect(['169.254.169.254', '127.0.0.1', '::1']).toContain(seen[0]);
    expect(registry.requests).toEqual([]);
  });

  it('refuses a redirect to such an address', async () => {
    registry.answer = (request, response) =>
      request.url!.includes('/blobs/') &&
      !!response.writeHead(307, { location: 'http://169.254.169.254/latest/meta-data' }).end();
    await expect(read(registry.host, isNotLinkLocal)).rejects.toMatchObject(refused);
  });

  it('refuses a token service at such an address', async () => {
    registry.answer = (_, response) =>
      !!response.writeHead(401, { 'www-authenticate': 'Bearer realm="http://169.254.169.254/token"' }).end();
    await expect(read(registry.host, isNotLinkLocal)).rejects.toMatchObject(refused);
  });

  it('judges every connection anew, for a name may resolve to another address by then', async () => {
    // Each answer ends its connection; the name is judged twice and answered "no" the second time.
    registry.answer = (_, response) => {
      response.setHeader('connection', 'close');
      return false;
    };
    let connections = 0;
    const judged = new Set<string>();
    const onceOnly = (ip: string) => {
      if (judged.has(ip) || judged.size === 0) connections++;
      judged.add(ip);
      return connections === 1;
    };
    await expect(read(`localhost:${registry.port}`, onceOnly)).rejects.toMatchObject(refused);
    expect(registry.requests.map((request) => request.url)).toEqual(['/v2/app/manifests/1']);
  });
});

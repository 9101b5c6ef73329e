import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { buildImage, buildIndex, pushImage } from '@gabion/testkit/images';
import { file, layerTar } from '@gabion/testkit/layer-tar';
import { registryForTests } from '@gabion/testkit/registry';
import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { FakeRegistry } from '../test/fake-registry.ts';
import type { Credentials } from './credentials.ts';
import { parsePlatform } from './platform.ts';
import { parseReference } from './reference.ts';
import { openRegistry, type RegistryOptions } from './registry.ts';

const tar = layerTar([file('a', randomBytes(400_000))]);
const image = buildImage({ layers: [tar] });
const soon = { attempts: 3, wait: async () => {} };

const auth = { username: 'ada', password: 'countess' };
const open = await registryForTests();
const guarded = await registryForTests({ auth });
afterAll(async () => {
  for (const registry of [open, guarded]) if (!('skipped' in registry)) await registry[Symbol.asyncDispose]();
});
const skipped = 'skipped' in open ? `(${open.skipped})` : '';

(skipped ? describe.skip : describe)(`openRegistry against docker-registry ${skipped}`, () => {
  const hostOf = (registry: typeof open) => ('skipped' in registry ? '' : registry.host);

  it('reads an image by tag, by digest and by platform', async () => {
    const host = hostOf(open);
    const arm = buildImage({ layers: [tar], architecture: 'arm64', compression: 'none', docker: true });
    await pushImage(host, 'team/app', '1', buildIndex([image, arm]));
    for (const [reference, platform, expected] of [
      [':1', 'linux/amd64', image],
      [`@${image.manifest.digest}`, 'linux/amd64', image],
      [':1', 'linux/arm64', arm],
    ] as const) {
      await using source = openRegistry(parseReference(`${host}/team/app${reference}`));
      const found = await source.image(parsePlatform(platform));
      expect(found.manifestDigest).toBe(expected.manifest.digest);
      expect(Buffer.concat(await (await found.openLayer(found.layers[0]!)).toArray()).equals(tar)).toBe(true);
    }
    await using missing = openRegistry(parseReference(`${host}/team/app:2`));
    await expect(missing.image()).rejects.toMatchObject({ code: 'image_not_found' });
  });

  it('authenticates with a name and password, and says when they are wrong', async () => {
    const host = hostOf(guarded);
    await pushImage(host, 'app', '1', image, auth);
    const imageFor = (credentials?: Credentials) =>
      openRegistry(
        parseReference(`${host}/app:1`),
        credentials ? { credentials: async () => credentials } : {},
      ).image();
    expect((await imageFor(auth)).manifestDigest).toBe(image.manifest.digest);
    await expect(imageFor()).rejects.toMatchObject({ code: 'unauthorized' });
    await expect(imageFor({ ...auth, password: 'x' })).rejects.toMatchObject({ code: 'unauthorized' });
  });
});

describe('openRegistry against a registry that misbehaves', () => {
  let fake: FakeRegistry;
  const layer = image.layers[0]!;
  const isLayer = (request: IncomingMessage) => request.url!.endsWith(layer.digest);

  beforeEach(async () => {
    fake = await FakeRegistry.start(image);
  });
  afterEach(() => fake[Symbol.asyncDispose]());

  async function read(options: RegistryOptions = {}, host = fake.host): Promise<Buffer> {
    await using source = openRegistry(parseReference(`${host}/app:1`), { backoff: soon, ...options });
    const found = await source.image();
    return Buffer.concat(await (await found.openLayer(found.layers[0]!)).toArray());
  }

  it('goes on where the connection was lost', async () => {
    let drops = 0;
    fake.answer = (request, response) => {
      if (!isLayer(request) || ++drops > 3) return false;
      const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
      const bytes = image.blobs.get(layer.digest)!;
      const range = { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` };
      response.writeHead(from > 0 ? 206 : 200, { 'content-length': bytes.length - from, ...(from > 0 ? range : {}) });
      response.write(bytes.subarray(from, from + 50_000), () => request.socket.destroy());
      return true;
    };
    expect((await read()).equals(tar)).toBe(true);
    const ranges = fake.requests
      .filter((request) => request.url.endsWith(layer.digest))
      .map((request) => request.headers.range);
    expect(ranges).toEqual([undefined, 'bytes=50000-', 'bytes=100000-', 'bytes=150000-']);
  });

  it('skips what it has when the registry ignores the range', async () => {
    let drops = 0;
    fake.answer = (request, response) => {
      if (!isLayer(request)) return false;
      const bytes = image.blobs.get(layer.digest)!;
      response.writeHead(200, { 'content-length': bytes.length });
      if (++drops === 1) response.write(bytes.subarray(0, 70_000), () => request.socket.destroy());
      else response.end(bytes);
      return true;
    };
    expect((await read()).equals(tar)).toBe(true);
  });

  it('tries again after 503 and 429, waiting as long as it is asked but no longer than its own bound', async () => {
    const waits: number[] = [];
    const statuses = [503, 429, 429];
    fake.answer = (_, response) => {
      const status = statuses.shift();
      if (status)
        response.writeHead(status, status === 429 ? { 'retry-after': String(10 ** statuses.length) } : {}).end();
      return status !== undefined;
    };
    const backoff = {
      attempts: 4,
      maxDelayMs: 5000,
      firstDelayMs: 100,
      random: () => 0.5,
      wait: async (ms: number) => void waits.push(ms),
    };
    await read({ backoff });
    expect(waits).toEqual([50, 5000, 1000]);
  });

  const statuses: [number, string][] = [
    [500, 'registry_unavailable'],
    [429, 'rate_limited'],
    [403, 'forbidden'],
    [404, 'image_not_found'],
    [418, 'registry_refused'],
  ];
  for (const [status, code] of statuses) {
    it(`calls ${status} ${code}`, async () => {
      fake.answer = (_, response) => !!response.writeHead(status).end();
      await expect(read()).rejects.toMatchObject({ name: 'OciError', code });
    });
  }

  it('calls a registry that is not there unavailable', async () => {
    await expect(read({}, '127.0.0.1:1')).rejects.toMatchObject({ code: 'registry_unavailable' });
  });

  it('refuses a huge manifest without reading it', async () => {
    let isCut = false;
    fake.answer = (request, response) => {
      if (!request.url!.includes('/manifests/')) return false;
      response.writeHead(200, { 'content-length': 100_000_000 });
      response.on('close', () => {
        isCut = true;
      });
      response.write('{');
      return true;
    };
    await expect(read()).rejects.toMatchObject({ code: 'manifest_too_large' });
    while (!isCut) await new Promise((resolve) => setImmediate(resolve));
  });

  it('refuses a huge manifest of unknown length', async () => {
    fake.answer = (request, response) =>
      request.url!.includes('/manifests/') && !!response.writeHead(200).end(Buffer.alloc(5_000_000, ' '));
    await expect(read()).rejects.toMatchObject({ code: 'manifest_too_large' });
  });

  it('refuses a blob of another length than its descriptor says', async () => {
    fake.answer = (request, response) =>
      isLayer(request) && !!response.writeHead(200, { 'content-length': 10 }).end(Buffer.alloc(10));
    await expect(read()).rejects.toMatchObject({ code: 'blob_size_mismatch' });
    fake.answer = (request, response) => isLayer(request) && !!response.writeHead(200).end(Buffer.alloc(10));
    await expect(read()).rejects.toMatchObject({ code: 'blob_truncated' });
  });

  it('refuses a blob of other content', async () => {
    fake.answer = (request, response) => isLayer(request) && !!response.end(Buffer.alloc(layer.size));
    await expect(read()).rejects.toMatchObject({ code: 'blob_digest_mismatch' });
  });

  it('gives up a body that stalls and an answer that does not come', async () => {
    fake.answer = (request, response) =>
      isLayer(request) && response.writeHead(200, { 'content-length': layer.size }).write('x');
    await expect(read({ timeouts: { stallMs: 50 } })).rejects.toMatchObject({ code: 'registry_unavailable' });
    fake.answer = () => true;
    await expect(read({ timeouts: { headersMs: 50 } })).rejects.toMatchObject({ code: 'registry_unavailable' });
  });

  it('tells how many bytes have come while a layer is read', async () => {
    await using source = openRegistry(parseReference(`${fake.host}/app:1`));
    const found = await source.image();
    const told: number[] = [];
    const stream = await found.openLayer(found.layers[0]!, { onBytes: (bytes) => told.push(bytes) });
    await stream.toArray();
    expect(told.length).toBeGreaterThan(1);
    expect(told.reduce((sum, bytes) => sum + bytes, 0)).toBe(layer.size);
  });

  it('says at once that a name does not resolve', async () => {
    await expect(read({}, 'registry.invalid')).rejects.toMatchObject({ code: 'name_unresolved' });
  });

  it('ends with the signal of its caller', async () => {
    const abort = new AbortController();
    fake.answer = (request) => {
      if (isLayer(request)) abort.abort(new Error('enough'));
      return isLayer(request);
    };
    await using source = openRegistry(parseReference(`${fake.host}/app:1`), { backoff: soon });
    const found = await source.image();
    await expect(found.openLayer(found.layers[0]!, { signal: abort.signal })).rejects.toThrow('enough');
  });

  it('asks the token service, with scope and credentials, and uses what it gives', async () => {
    fake.answer = (request, response) => {
      if (request.url!.startsWith('/token')) return !!response.end(JSON.stringify({ token: 'given' }));
      if (request.headers.authorization === 'Bearer given') return false;
      const challenge = `Bearer realm="http://${fake.host}/token",service="reg,istry",scope="repository:app:pull"`;
      return !!response.writeHead(401, { 'www-authenticate': challenge }).end();
    };
    await read({ credentials: async () => ({ username: 'ada', password: 'x' }) });
    const asked = fake.requests.filter((request) => request.url.startsWith('/token'));
    expect(asked).toHaveLength(1);
    expect(asked[0]!.url).toBe('/token?service=reg%2Cistry&scope=repository%3Aapp%3Apull&account=ada');
    expect(asked[0]!.headers.authorization).toBe('Basic YWRhOng=');
    fake.requests.length = 0;
    await read({ credentials: async () => ({ identityToken: 'refresh' }) });
    const [posted] = fake.requests.filter((request) => request.method === 'POST');
    expect(Object.fromEntries(new URLSearchParams(posted!.body))).toMatchObject({
      grant_type: 'refresh_token',
      refresh_token: 'refresh',
    });
  });

  it('says unauthorized when the token is not accepted either', async () => {
    fake.answer = (request, response) => {
      if (request.url!.startsWith('/token')) return !!response.end(JSON.stringify({ access_token: 'bad' }));
      return !!response.writeHead(401, { 'www-authenticate': `Bearer realm="http://${fake.host}/token"` }).end();
    };
    await expect(read()).rejects.toMatchObject({ code: 'unauthorized' });
    expect(fake.requests).toHaveLength(3);
  });

  it('follows a redirect to another host without its credentials', async () => {
    await using store = await FakeRegistry.start(image);
    fake.answer = (request, response) => {
      if (request.url!.includes('/blobs/'))
        return !!response
          .writeHead(307, { location: `http://${store.host}/s/${request.url!.split('/').at(-1)}` })
          .end();
      return request.headers.authorization
        ? false
        : !!response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
    };
    expect((await read({ credentials: async () => ({ username: 'ada', password: 'x' }) })).equals(tar)).toBe(true);
    expect(store.requests.map((request) => request.headers.authorization)).toEqual([undefined, undefined]);
  });

  it('refuses plain http to a host that is not loopback', async () => {
    fake.answer = (_, response) => !!response.writeHead(307, { location: 'http://192.0.2.1/x' }).end();
    await expect(read()).rejects.toMatchObject({ code: 'plain_http_refused' });
  });

  it('refuses schema 1, other artifacts and unknown layers', async () => {
    const serve = (manifest: object, type: string) => {
      fake.answer = (request, response) =>
        request.url!.includes('/manifests/') &&
        !!response.writeHead(200, { 'content-type': type }).end(JSON.stringify(manifest));
    };
    serve({ schemaVersion: 1 }, 'application/vnd.docker.distribution.manifest.v1+prettyjws');
    await expect(read()).rejects.toMatchObject({ code: 'schema1_unsupported' });
    const config = { mediaType: 'application/vnd.cncf.helm.config.v1+json', digest: layer.digest, size: 1 };
    serve({ schemaVersion: 2, config, layers: [] }, image.manifest.mediaType);
    await expect(read()).rejects.toMatchObject({ code: 'media_type_unknown' });
    serve(
      { schemaVersion: 2, config: image.config, layers: [{ ...layer, mediaType: 'application/x-rpm' }] },
      image.manifest.mediaType,
    );
    await expect(read()).rejects.toMatchObject({ code: 'media_type_unknown' });
  });
});

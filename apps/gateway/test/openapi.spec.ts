import { catalogue } from '@gabion/contracts/services';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Validator } from '@seriousme/openapi-schema-validator';
import { bindingsOf } from '../src/bindings.ts';
import { openApi } from '../src/openapi.ts';
import { libraryService } from './library.ts';
import { type Platform, platform } from './platform.ts';

interface Document {
  paths: Record<string, Record<string, Record<string, unknown> & { parameters: Record<string, unknown>[] }>>;
  components: { schemas: Record<string, { properties: Record<string, unknown>; required?: string[] }> };
}

const document = openApi(bindingsOf(catalogue)) as Document;

describe('the OpenAPI document', () => {
  it('is valid OpenAPI 3.1, for the catalogue and for every kind of binding', async () => {
    for (const each of [document, openApi(bindingsOf({ library: [libraryService()] }))]) {
      const validator = new Validator();
      const { valid, errors } = await validator.validate(structuredClone(each) as Record<string, unknown>);
      expect(errors).toBeUndefined();
      expect(valid).toBe(true);
      expect(validator.version).toBe('3.1');
    }
  });

  it('is refused by the validator when it is broken', async () => {
    const broken = structuredClone(document) as unknown as { info: object };
    broken.info = {};
    expect((await new Validator().validate(broken)).valid).toBe(false);
  });

  it('refers only to what it holds', () => {
    const text = JSON.stringify(document);
    const names = [...text.matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(([, name]) => name);
    expect(names.filter((name) => !(name! in document.components.schemas))).toEqual([]);
  });

  it('describes operations by the comments of the contract, with the permission that each needs', () => {
    const create = document.paths['/v1/scans']!.post!;
    expect(create).toMatchObject({
      summary: 'Starts a scan and answers at once; WatchScan tells how it goes.',
      'x-gabion-permission': 'scans.create',
    });
    expect(create.parameters).toMatchObject([{ name: 'Idempotency-Key', in: 'header' }]);
    expect(document.paths['/v1/whoami']!.get).not.toHaveProperty('x-gabion-permission');
  });

  it('states the rules of fields', () => {
    const user = document.components.schemas['gabion.identity.v1.CreateUserRequest']!;
    expect(user.required).toEqual(['name']);
    expect(user.properties.name).toMatchObject({
      type: 'string',
      minLength: 1,
      maxLength: 64,
      pattern: '^(?:[a-z0-9][a-z0-9._@-]*)$',
    });
    const page = document.paths['/v1/scans']!.get!.parameters.find(({ name }) => name === 'pageSize');
    expect(page).toMatchObject({ in: 'query', required: false, schema: { type: 'integer', minimum: 0, maximum: 500 } });
    const id = document.paths['/v1/scans/{id}']!.get!.parameters[0];
    expect(id).toMatchObject({
      in: 'path',
      required: true,
      schema: { pattern: expect.stringContaining('[0-9a-f]{8}') },
    });
  });

  it('says that a stream is a stream', () => {
    const { responses } = document.paths['/v1/scans/{id}:watch']!.get as unknown as {
      responses: Record<string, { content: object }>;
    };
    expect(Object.keys(responses[200]!.content)).toEqual(['text/event-stream', 'application/x-ndjson']);
  });
});

describe('the pages of the gateway', () => {
  let gabion: Platform;
  beforeAll(async () => {
    gabion = await platform();
  });
  afterAll(() => gabion[Symbol.asyncDispose]());

  it('are the document and Swagger UI, which loads nothing from elsewhere and no script within the page', async () => {
    const served = await (await gabion.http('/openapi.json', { token: '' })).json();
    expect(Object.keys((served as Document).paths)).toContain('/v1/scans');
    const page = await gabion.http('/', { token: '' });
    expect(page.url).toMatch(/\/docs$/);
    expect(page.headers.get('content-security-policy')).toContain("script-src 'self'");
    expect(page.headers.get('content-security-policy')).not.toContain('unsafe');
    expect((await gabion.http('/docs', { method: 'HEAD', token: '' })).status).toBe(200);
    const html = await page.text();
    expect(html).not.toMatch(/https?:|<script>|style=|onload=/);
    for (const [, path] of html.matchAll(/(?:src|href)="(\/[^"]+)"/g)) {
      const asset = await gabion.http(path!, { token: '' });
      expect(asset.status).toBe(200);
      expect((await asset.text()).length).toBeGreaterThan(50);
    }
  });

  it('tell whether it lives and whether its services answer', async () => {
    expect(await (await gabion.http('/healthz', { token: '' })).json()).toEqual({ status: 'ok' });
    const ready = await gabion.http('/readyz', { token: '' });
    expect(await ready.json()).toEqual({
      status: 'ok',
      reasons: [],
      services: { identity: 'serving', 'image-scanner': 'serving' },
    });
    await using alone = await platform({}, undefined, { 'image-scanner': 'unix:/nowhere' });
    const unready = await alone.http('/readyz', { token: '' });
    expect(unready.status).toBe(503);
    expect(await unready.json()).toMatchObject({ reasons: ['image-scanner is unreachable'] });
  });

  it('show metrics to this machine and to who may read them, not through a proxy', async () => {
    const near = await gabion.http('/metrics', { token: '' });
    expect(await near.text()).toContain('http_requests_total');
    const forwarded = { 'x-forwarded-for': '203.0.113.9' };
    expect((await gabion.http('/metrics', { token: '', headers: forwarded })).status).toBe(401);
    expect((await gabion.http('/metrics', { token: 'gbn_reader00000000001', headers: forwarded })).status).toBe(403);
    expect((await gabion.http('/metrics', { headers: forwarded })).status).toBe(200);
  });
});

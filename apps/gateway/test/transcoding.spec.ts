import { fromBinary, type JsonValue, toJson } from '@bufbuild/protobuf';
import { describe, expect, it } from '@jest/globals';
import { bindingsOf } from '../src/bindings.ts';
import { type Json, readJson } from '../src/json-text.ts';
import { openApi } from '../src/openapi.ts';
import { pathTemplate } from '../src/path-template.ts';
import { requestMessage } from '../src/request-message.ts';
import { Router } from '../src/router.ts';
import { libraryService } from './library.ts';

const bindings = bindingsOf({ library: [libraryService()] });
const router = new Router(bindings);

/** The JSON form of the message that a request becomes. */
function transcode(verb: string, url: string, body?: Json): JsonValue {
  const [path = '', query = ''] = url.split('?');
  const route = router.find(verb, path);
  if (route.found !== 'binding') throw new Error(route.found);
  const { input } = route.binding.method;
  return toJson(input, fromBinary(input, requestMessage(route.binding, { path: route.parts, query, body })));
}

describe('google.api.http', () => {
  it('reads variables of one segment, of several and of nested fields', () => {
    expect(transcode('GET', '/v1/shelves/a%20b/books/c%2Fd')).toEqual({ name: 'shelves/a b/books/c%2Fd' });
    expect(transcode('GET', '/v1/books/x%2Fy/pages/7')).toEqual({ detail: { code: 'x/y' }, page: 7 });
  });

  it('prefers a literal to a variable', () => {
    expect(transcode('GET', '/v1/books/newest')).toEqual({});
    expect(transcode('GET', '/v1/books/oldest')).toEqual({ name: 'oldest' });
  });

  it('takes a custom verb only where one is bound: other colons belong to the value', () => {
    expect(transcode('GET', '/v1/books/sha256:abc')).toEqual({ name: 'sha256:abc' });
    expect(transcode('POST', '/v1/shelves/a/b/c:read', { lent: true })).toEqual({
      name: 'shelves/a/b/c',
      detail: { lent: true },
    });
  });

  it('reads nested, repeated and well-known fields from the query', () => {
    const query = [
      'detail.code=c',
      'detail.lent=true',
      'detail.copies=1',
      'detail.copies=-2',
      'detail.part.code=p',
      'authors=a',
      'authors=b%20c',
      'bindings=BINDING_PAPER',
      'bindings=2',
      'since=2024-01-02T03:04:05Z',
      'within=1.5s',
      'lent=false',
      'weight=9007199254740993',
      'cover=AAEC',
      'score=0.25',
    ].join('&');
    expect(transcode('GET', `/v1/books/newest?${query}`)).toEqual({
      detail: { code: 'c', lent: true, copies: [1, -2], part: { code: 'p' } },
      authors: ['a', 'b c'],
      bindings: ['BINDING_PAPER', 'BINDING_CLOTH'],
      since: '2024-01-02T03:04:05Z',
      within: '1.500s',
      lent: false,
      weight: '9007199254740993',
      cover: 'AAEC',
      score: 0.25,
    });
  });

  it.each([
    ['a map', '/v1/books/newest?labels=x'],
    ['a message', '/v1/books/newest?detail=x'],
    ['a field within a scalar', '/v1/books/newest?page.x=1'],
    ['a bool that is none', '/v1/books/newest?detail.lent=1'],
    ['a number that is none', '/v1/books/newest?page=-1'],
    ['a number out of range', '/v1/books/newest?page=4294967296'],
    ['a time that is none', '/v1/books/newest?since=today'],
    ['what the path has said already', '/v1/books/oldest?name=other'],
    ['a prototype', '/v1/books/newest?__proto__.polluted=1'],
    ['a constructor', '/v1/books/newest?constructor.prototype.x=1'],
  ])('refuses %s in the query', (_what, url) => {
    expect(() => transcode('GET', url)).toThrow(
      expect.objectContaining({ kind: 'invalid_argument', fields: [expect.anything()] }),
    );
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it('takes body, path and query together where the body is one field', () => {
    expect(transcode('POST', '/v1/shelves/a:read?page=3', { code: 'c' })).toEqual({
      name: 'shelves/a',
      page: 3,
      detail: { code: 'c' },
    });
    expect(() => transcode('POST', '/v1/shelves/a:read?detail.code=c', {})).toThrow(/detail.code is not a field/);
  });

  it('takes no query where the body is the whole message', () => {
    expect(transcode('PATCH', '/v1/books', { name: 'n', labels: { a: 'b' } })).toEqual({
      name: 'n',
      labels: { a: 'b' },
    });
    expect(() => transcode('PATCH', '/v1/books?page=3', {})).toThrow(/page is not a field/);
  });

  it('names the field deep inside of a body that is wrong', () => {
    const wrong = { detail: { part: { copies: [1, 'x'] } } };
    expect(() => transcode('PATCH', '/v1/books', wrong)).toThrow(
      expect.objectContaining({ fields: [expect.objectContaining({ field: 'detail.part.copies[1]' })] }),
    );
  });

  it('keeps a map from its prototype', () => {
    const body = readJson(Buffer.from('{"labels":{"__proto__":"x"}}'));
    try {
      expect(transcode('PATCH', '/v1/books', body)).not.toHaveProperty('labels.polluted');
    } catch (error) {
      expect(error).toMatchObject({ kind: 'invalid_argument' });
    }
  });

  it('answers which verbs a path takes', () => {
    expect(router.find('DELETE', '/v1/books/newest')).toEqual({ found: 'other-verbs', verbs: ['GET', 'HEAD'] });
    expect(router.find('GET', '/v1/shelves//books/b')).toEqual({ found: 'nothing' });
  });

  it.each(['v1/x', '/v1/{a', '/v1/{A}', '/v1/{a=**}/x', '/v1/a b'])('does not start with the path %s', (source) => {
    expect(() => pathTemplate(source)).toThrow(/path template/);
  });

  it('is described with every binding', () => {
    const { paths } = openApi(bindings) as { paths: Record<string, object> };
    expect(Object.keys(paths)).toEqual([
      '/v1/{name}',
      '/v1/books/{detail.code}/pages/{page}',
      '/v1/{name}:read',
      '/v1/books',
      '/v1/books/newest',
      '/v1/books/{name}',
    ]);
  });
});

describe('a body of JSON', () => {
  it('is read as the parser of the language does', () => {
    for (const text of [
      '{"a":[1,-2.5e3,{"b":null}],"c":"\\u0041\\"{[,:"}',
      ' [ ] ',
      '"x"',
      '0',
      '{"a":{"k":1},"b":{"k":2}}',
    ])
      expect(readJson(Buffer.from(text))).toEqual(JSON.parse(text));
  });

  it.each(['', '{', '{"a":1,}', "{'a':1}", 'NaN', '[1 2]', '\ufeff{}x'])('is refused when it is %j', (text) => {
    expect(() => readJson(Buffer.from(text))).toThrow(expect.objectContaining({ code: 'json_malformed' }));
  });

  it('is refused when it is no UTF-8', () => {
    expect(() => readJson(Buffer.from([0x22, 0xff, 0x22]))).toThrow(
      expect.objectContaining({ code: 'json_malformed' }),
    );
  });

  it('of hostile megabytes takes no longer than its size', () => {
    const texts = [
      `"${'\\"'.repeat(2_000_000)}"`,
      `"${'\\"'.repeat(2_000_000)}`,
      `[${'"a",'.repeat(800_000)}1]`,
      '-'.repeat(4_000_000),
    ];
    for (const text of texts) {
      const started = performance.now();
      try {
        readJson(Buffer.from(text));
      } catch {}
      expect(performance.now() - started).toBeLessThan(3000);
    }
  });
});

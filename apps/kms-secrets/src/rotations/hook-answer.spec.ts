import { describe, expect, it } from '@jest/globals';
import { dataInAnswer } from './hook-answer.ts';

const parsed = (text: string) => dataInAnswer(Buffer.from(text));
const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;

describe('the answer of a hook', () => {
  it('holds values in base64 under their names', () => {
    const data = parsed('{"data": {"user": "YXBw", "a \\"name\\": here": "AP8K", "empty": ""}}');
    expect(data).toEqual({
      user: Buffer.from('app'),
      'a "name": here': Buffer.from([0, 255, 10]),
      empty: Buffer.alloc(0),
    });
  });

  it.each([
    ['no JSON', 'data'],
    ['nothing', ''],
    ['a list', '[]'],
    ['null', 'null'],
    ['no data', '{}'],
    ['no values', '{"data":{}}'],
    ['a list of data', '{"data":["eA=="]}'],
    ['a number', '{"data":{"a":1}}'],
    ['data within data', '{"data":{"a":{"b":"eA=="}}}'],
    ['what is no base64', '{"data":{"a":"secret!"}}'],
    ['base64 of URLs', '{"data":{"a":"_-8="}}'],
    ['more than was asked', '{"data":{"a":"eA=="},"version":7}'],
    ['a name twice', '{"data":{"a":"eA==","a":"eQ=="}}'],
    ['a name twice in other writings', '{"data":{"a":"eA==","\\u0061":"eQ=="}}'],
    ['data twice', '{"data":{"a":"eA=="},"data":{"b":"eA=="}}'],
    ['data twice, once of another kind', '{"data":[{"x":1}],"data":{"b":"eA=="}}'],
    ['an empty name', '{"data":{"":"eA=="}}'],
    ['the name of a prototype', '{"data":{"__proto__":"eA==","a":"eA=="}}'],
    ['great depth', deep],
    ['great depth in data', `{"data":${deep}}`],
    ['too many values', JSON.stringify({ data: Object.fromEntries(Array.from({ length: 257 }, (_, at) => [at, ''])) })],
  ])('is refused with %s', (_, text) => {
    expect(() => parsed(text)).toThrow(expect.objectContaining({ code: 'hook_answer_invalid' }));
  });

  it('is refused when it is not UTF-8', () => {
    const body = Buffer.concat([Buffer.from('{"data":{"'), Buffer.from([0xff]), Buffer.from('":"eA=="}}')]);
    expect(() => dataInAnswer(body)).toThrow(expect.objectContaining({ code: 'hook_answer_invalid' }));
  });

  it('never is in the error', () => {
    expect(() => parsed('{"data":{"a":"hunter2!"}}')).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('hunter2') }),
    );
  });
});

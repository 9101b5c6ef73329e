import { describe, expect, it } from '@jest/globals';
import { pageToken, positionIn } from './pages.ts';

const shape = { createdAt: 'string', id: 'number' } as const;
const position = { createdAt: '2026-01-01T00:00:00Z', id: 7 };

describe('page tokens', () => {
  it('bring a position back', () => {
    const token = pageToken(position, 'severity=high');
    expect(token).toMatch(/^[A-Za-z0-9_-]+$/);
    expect(positionIn(token, shape, 'severity=high')).toEqual(position);
  });

  it('are empty for the first page', () => {
    expect(positionIn('', shape)).toBeUndefined();
  });

  it.each([
    ['noise', '%%%'],
    ['no JSON', Buffer.from('{').toString('base64url')],
    ['an array', Buffer.from('[]').toString('base64url')],
    ['no position', Buffer.from('{"q":"47DEQpj8"}').toString('base64url')],
    ['another type', pageToken({ createdAt: 1, id: 7 })],
    ['a field too few', pageToken({ id: 7 })],
    ['a field too many', pageToken({ ...position, more: 1 })],
    ['an inherited name', pageToken({ toString: 'x', id: 1 })],
    ['another query', pageToken(position, 'severity=low')],
    ['a huge one', pageToken({ createdAt: 'x'.repeat(9_000), id: 1 })],
  ])('are refused: %s', (_, token) => {
    expect(() => positionIn(token, shape)).toThrow(expect.objectContaining({ code: 'page_token_invalid' }));
  });
});

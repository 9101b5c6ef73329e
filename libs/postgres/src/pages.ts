import { createHash } from 'node:crypto';
import { PostgresError } from './postgres-error.ts';

/** Where a page ended: the sort key of its last row. */
export type Position = { readonly [field: string]: string | number };

/** What a position must look like; a token comes back from outside. */
export type PositionShape = { readonly [field: string]: 'string' | 'number' };

type PositionOf<S extends PositionShape> = {
  readonly [F in keyof S]: S[F] extends 'string' ? string : number;
};

/** The token of the page after `position`; `query` names the filter and the order, for which alone it is good. */
export function pageToken(position: Position, query = ''): string {
  return Buffer.from(JSON.stringify({ q: fingerprint(query), p: position })).toString('base64url');
}

/**
 * The position in a token, checked against `shape`; undefined for the empty token of a first page. A token that is
 * malformed or of another query is refused (`page_token_invalid`). It is not secret and not signed: a position may name
 * nothing that a caller could not have asked for.
 */
export function positionIn<S extends PositionShape>(token: string, shape: S, query = ''): PositionOf<S> | undefined {
  if (token === '') return undefined;
  const content = parse(token);
  if (content === undefined || !isRecord(content.p)) throw invalid('is not a page token');
  if (content.q !== fingerprint(query)) throw invalid('belongs to another query');
  const position = content.p;
  const fields = Object.keys(shape);
  if (Object.keys(position).length !== fields.length) throw invalid('is not a page token of this list');
  for (const field of fields) {
    if (!Object.hasOwn(position, field) || typeof position[field] !== shape[field]) {
      throw invalid('is not a page token of this list');
    }
  }
  return position as PositionOf<S>;
}

function parse(token: string): Record<string, unknown> | undefined {
  if (token.length > 4_096 || !/^[A-Za-z0-9_-]+$/.test(token)) return undefined;
  try {
    const content: unknown = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
    return isRecord(content) ? content : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fingerprint(query: string): string {
  return createHash('sha256').update(query).digest('base64url').slice(0, 8);
}

function invalid(why: string): PostgresError {
  return new PostgresError('page_token_invalid', `the page token ${why}`);
}

import { type PositionShape, positionIn } from '@gabion/postgres/pages';
import { PostgresError } from '@gabion/postgres/postgres-error';
import { Fault } from '@gabion/rpc/fault';

/** Ordinal of the row that the page before ended with; -1 for the first page. */
export function ordinalBefore(token: string, query: string): number {
  const ordinal = pageStart(token, { ordinal: 'number' }, query)?.ordinal ?? -1;
  if (!Number.isInteger(ordinal) || ordinal > 0x7fffffff || ordinal < -1) throw invalid('it is not of this list');
  return ordinal;
}

/** Sequence number of the row that the page before ended with. */
export function seqBefore(token: string, query: string): string | undefined {
  const seq = pageStart(token, { seq: 'string' }, query)?.seq;
  if (seq !== undefined && !/^\d{1,18}$/.test(seq)) throw invalid('it is not of this list');
  return seq;
}

function pageStart<S extends PositionShape>(token: string, shape: S, query: string) {
  try {
    return positionIn(token, shape, query);
  } catch (error) {
    throw error instanceof PostgresError ? invalid(error.message) : error;
  }
}

function invalid(message: string): Fault {
  const code = 'page_token_invalid';
  return new Fault('invalid_argument', `the page token is not valid: ${message}`, {
    code,
    fields: [{ field: 'pageToken', code, message }],
  });
}

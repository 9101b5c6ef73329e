import { positionIn } from '@gabion/postgres/pages';
import { PostgresError } from '@gabion/postgres/postgres-error';

/** Ordinal of the row that the page before ended with; -1 for the first page. */
export function ordinalBefore(token: string, query: string): number {
  const ordinal = positionIn(token, { ordinal: 'number' }, query)?.ordinal ?? -1;
  if (!Number.isInteger(ordinal) || ordinal > 0x7fffffff || ordinal < -1) throw notOfThisList();
  return ordinal;
}

/** Sequence number of the row that the page before ended with. */
export function seqBefore(token: string, query: string): string | undefined {
  const seq = positionIn(token, { seq: 'string' }, query)?.seq;
  if (seq !== undefined && !/^\d{1,18}$/.test(seq)) throw notOfThisList();
  return seq;
}

function notOfThisList(): PostgresError {
  return new PostgresError('page_token_invalid', 'the page token is not of this list');
}

import { type PositionShape, positionIn } from '@gabion/postgres/pages';
import { PostgresError } from '@gabion/postgres/postgres-error';
import { Fault } from '@gabion/rpc/fault';

/** Items of a page unless the request says. */
export const defaultPageSize = 50;

/** Where a request's page begins; throws the Fault for a token that is none of this list. */
export function pageStart<S extends PositionShape>(token: string, shape: S, query: string) {
  try {
    return positionIn(token, shape, query);
  } catch (error) {
    if (!(error instanceof PostgresError)) throw error;
    throw new Fault('invalid_argument', error.message, {
      code: error.code,
      fields: [{ field: 'pageToken', code: error.code, message: error.message }],
      cause: error,
    });
  }
}

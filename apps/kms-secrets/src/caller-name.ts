import { type Caller, CallerKind } from '@gabion/trust/caller';

/** What policies call a caller: the id of a user or service account, or "service:<name>". */
export function callerName({ kind, id }: Caller): string {
  return kind === CallerKind.SERVICE ? `service:${id}` : id;
}

import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { AuditRecordedSchema, Outcome } from '@gabion/contracts/gabion/audit/v1/audit_pb';
import { publish } from '@gabion/events/publish';
import type { Tx } from './db/schema.ts';

/** Records what the service did by itself, with no call behind it. */
export async function recordOwn(
  tx: Tx,
  action: string,
  resource: string,
  details: Record<string, string>,
  now: Date,
): Promise<void> {
  await publish(
    tx,
    AuditRecordedSchema,
    {
      time: timestampFromDate(now),
      service: 'identity',
      actor: { kind: 'service', id: 'identity', name: 'identity' },
      action,
      resource,
      outcome: Outcome.SUCCESS,
      details,
    },
    { source: 'identity' },
  );
}

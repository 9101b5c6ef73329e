import type { MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { AuditRecordedSchema, Outcome } from '@gabion/contracts/gabion/audit/v1/audit_pb';
import { publish } from '@gabion/events/publish';
import type { Database, Tx } from '@gabion/postgres/database';
import type { Call } from '@gabion/rpc/call';
import type { Refusal } from '@gabion/rpc/contract-server';
import { pathOf } from '@gabion/rpc/method-path';
import type { Logger } from '@gabion/telemetry/log';
import { counter } from '@gabion/telemetry/metrics';
import { type Caller, CallerKind, serviceCaller } from '@gabion/trust/caller';

export { Outcome } from '@gabion/contracts/gabion/audit/v1/audit_pb';

/** One change of state that a call made. */
export interface Change {
  readonly service: string;
  /** What it was done to, for example "tokens/7f0c…". */
  readonly resource: string;
  /** Facts that help a reader; never a secret. */
  readonly details?: Readonly<Record<string, string>>;
}

/** Records a change in the audit trail, in the transaction that makes it: who, what, on what, from where, outcome. */
export async function audit(tx: Tx, call: Call, change: Change): Promise<void> {
  await publish(
    tx,
    AuditRecordedSchema,
    record(call.caller, pathOf(call.method), call.requestId, change, Outcome.SUCCESS),
    { source: change.service },
  );
}

/** Records what the service did by itself, with no call behind it; `action` is a name of its own, like "secrets.rotate". */
export async function auditOwn(tx: Tx, action: string, change: Change, now: Date): Promise<void> {
  const message = record(serviceCaller(change.service), action, '', change, Outcome.SUCCESS);
  await publish(tx, AuditRecordedSchema, { ...message, time: timestampFromDate(now) }, { source: change.service });
}

/** Refusals written at a time, and those that may wait: whoever is refused at high speed must not take the pool or the memory. */
const writing = { most: 2, waiting: 500 };

const dropped = () =>
  counter('gabion_audit_refusals_dropped_total', 'Refused calls not recorded, because too many came at once.');

/** Records each call that was turned away. A trail that cannot be written is logged: the caller has been refused already. */
export function auditRefusals(service: string, db: Database, log: Logger): (refusal: Refusal) => void {
  const waiting: Refusal[] = [];
  let writers = 0;
  const write = async () => {
    writers++;
    for (let next = waiting.shift(); next; next = waiting.shift()) await recordRefusal(service, db, log, next);
    writers--;
  };
  return (refusal) => {
    if (waiting.length >= writing.waiting) return dropped().inc();
    waiting.push(refusal);
    if (writers < writing.most) void write();
  };
}

async function recordRefusal(service: string, db: Database, log: Logger, refusal: Refusal): Promise<void> {
  const { method, admitted, requestId, fault } = refusal;
  const change = { service, resource: method.parent.typeName };
  const message = {
    ...record(admitted?.caller, pathOf(method), requestId, change, Outcome.DENIED),
    code: fault.code,
  };
  try {
    await db.transaction((tx) => publish(tx, AuditRecordedSchema, message, { source: service }));
  } catch (error) {
    log.error({ error, requestId }, 'refusal not recorded');
  }
}

function record(
  caller: Caller | undefined,
  action: string,
  requestId: string,
  change: Change,
  outcome: Outcome,
): MessageInitShape<typeof AuditRecordedSchema> {
  return {
    time: timestampFromDate(new Date()),
    service: change.service,
    actor: { kind: kindOf(caller), id: caller?.id ?? '', name: caller?.name ?? '' },
    action,
    resource: change.resource,
    outcome,
    sourceAddress: caller?.sourceAddress ?? '',
    requestId,
    details: { ...change.details },
  };
}

function kindOf(caller: Caller | undefined): string {
  return (CallerKind[caller?.kind ?? CallerKind.UNSPECIFIED] ?? '').toLowerCase();
}

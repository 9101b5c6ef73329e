import type { MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import type { ExceptionSchema } from '@gabion/contracts/gabion/scan/v1/exceptions_pb';
import type { FindingKind } from '@gabion/contracts/gabion/scan/v1/scans_pb';
import type { Exception } from '@gabion/vex/exceptions';
import { kindWords } from './suppression.ts';

/** An exception as it is stored; what it does not name is empty. */
export interface ExceptionRow {
  readonly id: string;
  readonly owner: string;
  readonly reason: string;
  readonly expire_time: Date;
  readonly vulnerability_id: string;
  readonly purl: string;
  readonly rule_id: string;
  readonly finding_id: string;
  readonly path: string;
  readonly image: string;
  /** 0 is any. */
  readonly kind: FindingKind;
  readonly creator: string;
  readonly create_time: Date;
}

/** The exception as findings are compared with it. */
export function exceptionOf(row: ExceptionRow): Exception {
  return {
    id: row.id,
    owner: row.owner,
    reason: row.reason,
    expiresAt: row.expire_time.toISOString(),
    scope: {
      vulnerabilityId: row.vulnerability_id,
      purl: row.purl,
      ruleId: row.rule_id,
      findingId: row.finding_id,
      path: row.path,
      image: row.image,
      kind: kindWords[row.kind],
    },
  };
}

/** The exception as callers see it. */
export function exceptionMessage(row: ExceptionRow, now: Date): MessageInitShape<typeof ExceptionSchema> {
  return {
    id: row.id,
    owner: row.owner,
    reason: row.reason,
    expireTime: timestampFromDate(row.expire_time),
    vulnerabilityId: row.vulnerability_id,
    purl: row.purl,
    ruleId: row.rule_id,
    findingId: row.finding_id,
    path: row.path,
    image: row.image,
    kind: row.kind,
    creator: row.creator,
    createTime: timestampFromDate(row.create_time),
    expired: row.expire_time <= now,
  };
}

import type { MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { type SweepSchema, SweepState } from '@gabion/contracts/gabion/scan/v1/registries_pb';
import { type Scope, scopeMessage } from './registry.ts';

export type State = 'listing' | 'scanning' | 'succeeded' | 'failed' | 'cancelled';

/** A sweep as it is read. */
export interface SweepRow {
  readonly id: string;
  readonly seq: string;
  readonly registry: string;
  readonly scope: Scope;
  readonly state: State;
  readonly next_page: string | null;
  readonly is_catalogue_read: boolean;
  readonly repositories_found: string;
  readonly images_found: string;
  readonly scans_succeeded: string;
  readonly scans_failed: string;
  readonly scans_reused: string;
  readonly error_code: string | null;
  readonly error_message: string | null;
  readonly create_time: Date;
  readonly end_time: Date | null;
}

/** An image that failed. */
export interface FailureRow {
  readonly target: string;
  readonly scan_id: string | null;
  readonly error_code: string;
  readonly error_message: string;
}

const states: Readonly<Record<State, SweepState>> = {
  listing: SweepState.LISTING,
  scanning: SweepState.SCANNING,
  succeeded: SweepState.SUCCEEDED,
  failed: SweepState.FAILED,
  cancelled: SweepState.CANCELLED,
};

/** The sweep as callers see it. */
export function sweepMessage(
  row: SweepRow,
  failures: readonly FailureRow[] = [],
): MessageInitShape<typeof SweepSchema> {
  return {
    id: row.id,
    registry: row.registry,
    scope: scopeMessage(row.scope),
    state: states[row.state],
    repositoriesFound: BigInt(row.repositories_found),
    imagesFound: BigInt(row.images_found),
    scansSucceeded: BigInt(row.scans_succeeded),
    scansFailed: BigInt(row.scans_failed),
    scansReused: BigInt(row.scans_reused),
    ...(row.error_code !== null && { error: { code: row.error_code, message: row.error_message ?? '' } }),
    createTime: timestampFromDate(row.create_time),
    ...(row.end_time && { endTime: timestampFromDate(row.end_time) }),
    failures: failures.map((each) => ({
      target: each.target,
      scanId: each.scan_id ?? '',
      error: { code: each.error_code, message: each.error_message },
    })),
  };
}

import type { MessageInitShape } from '@bufbuild/protobuf';
import { durationFromMs, timestampFromDate } from '@bufbuild/protobuf/wkt';
import type { AdvisoryFormat } from '@gabion/advisories/advisory';
import { type FeedSchema, FeedState } from '@gabion/contracts/gabion/scan/v1/advisories_pb';
import { formatMessage } from '../advisory-source.ts';
import type { Validators } from './fetching.ts';

/** Where advisories come from, and how the last attempt to fetch them went. */
export interface Feed {
  readonly name: string;
  readonly urls: readonly string[];
  readonly format: AdvisoryFormat | null;
  /** Of files that do not name theirs. */
  readonly ecosystem: string | null;
  readonly intervalMs: number;
  readonly isDisabled: boolean;
  readonly isBuiltIn: boolean;
  readonly isFetching: boolean;
  readonly attemptTime: Date | null;
  readonly successTime: Date | null;
  readonly nextAttemptTime: Date;
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly failures: number;
  readonly bytesFetched: number;
  readonly validators: Validators;
  readonly ecosystems: readonly string[];
}

/** A feed as callers see it. */
export function feedMessage(feed: Feed): MessageInitShape<typeof FeedSchema> {
  return {
    name: feed.name,
    urls: [...feed.urls],
    ...(feed.format && { format: formatMessage(feed.format) }),
    disabled: feed.isDisabled,
    interval: durationFromMs(feed.intervalMs),
    builtIn: feed.isBuiltIn,
    state: stateOf(feed),
    ...(feed.attemptTime && { attemptTime: timestampFromDate(feed.attemptTime) }),
    ...(feed.successTime && { successTime: timestampFromDate(feed.successTime) }),
    ...(feed.error && { error: feed.error }),
    ...(!feed.isDisabled && { nextAttemptTime: timestampFromDate(feed.nextAttemptTime) }),
    ecosystems: [...feed.ecosystems],
    bytesFetched: BigInt(feed.bytesFetched),
  };
}

function stateOf(feed: Feed): FeedState {
  if (feed.isFetching) return FeedState.FETCHING;
  if (feed.isDisabled) return FeedState.DISABLED;
  if (feed.error) return feed.successTime ? FeedState.STALE : FeedState.FAILED;
  return feed.successTime ? FeedState.CURRENT : FeedState.NEVER_FETCHED;
}

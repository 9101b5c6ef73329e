import { boundedLabel, counter, gauge } from '@gabion/telemetry/metrics';
import type { Feed } from './feed.ts';

const label = (feed: string) => ({ feed: boundedLabel('feed', feed) });

/** What a monitoring system sees of the feeds. */
export const feedMetrics = {
  /** Ages as of now; of a feed that never came there is none. */
  observe(feeds: readonly Feed[]): void {
    const age = gauge('gabion_advisory_feed_age_seconds', 'Time since a feed was last known to be current.', ['feed']);
    const stale = gauge('gabion_advisory_feed_failures', 'Attempts that failed since the last good one.', ['feed']);
    age.reset();
    stale.reset();
    for (const { name, successTime, isDisabled, failures } of feeds) {
      if (isDisabled) continue;
      if (successTime) age.set(label(name), (Date.now() - successTime.getTime()) / 1000);
      stale.set(label(name), failures);
    }
  },
  failed(feed: string): void {
    counter('gabion_advisory_feed_failures_total', 'Attempts to update a feed that failed.', ['feed']).inc(label(feed));
  },
};

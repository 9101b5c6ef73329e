/** What a view looks at of a vulnerability. */
export interface ViewedVulnerability {
  readonly fixedVersion?: string;
  /** RFC 3339 time or date since when there has been a fix. */
  readonly fixReleasedAt?: string;
  /** Since when it has been known, for those whose fix has no date. */
  readonly publishedAt?: string;
}

/** Which vulnerabilities a reader wants to see. */
export interface View {
  /** Leave out what no upgrade removes. */
  readonly fixableOnly?: boolean;
  /** Leave out what has had a fix for less than so many days. */
  readonly gracePeriodDays?: number;
}

/** Which part of the view leaves a vulnerability out; undefined where it is to be seen. */
export function leftOutBy(
  view: View,
  found: ViewedVulnerability,
  now: Date,
): 'fixable_only' | 'grace_period' | undefined {
  if (view.fixableOnly && found.fixedVersion === undefined) return 'fixable_only';
  const days = view.gracePeriodDays ?? 0;
  const since = Date.parse(found.fixReleasedAt ?? found.publishedAt ?? '');
  // What has no date has no grace.
  if (days <= 0 || Number.isNaN(since)) return undefined;
  return now.getTime() - since < days * 86_400_000 ? 'grace_period' : undefined;
}

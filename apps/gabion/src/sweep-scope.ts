/** What of a registry is meant. */
export interface ScopeOptions {
  readonly repository?: readonly string[];
  readonly tag?: readonly string[];
  readonly latest?: number;
  readonly platform?: readonly string[];
}

/** The scope of a request; undefined where nothing is said. */
export function scopeOf({ repository, tag, latest, platform }: ScopeOptions) {
  if (!repository && !tag && latest === undefined && !platform) return undefined;
  return {
    repositories: [...(repository ?? [])],
    tags: [...(tag ?? [])],
    latestTags: latest ?? 0,
    platforms: [...(platform ?? [])],
  };
}

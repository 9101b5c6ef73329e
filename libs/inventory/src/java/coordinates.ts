/** What Maven calls an artifact by; `groupId` is empty where nothing says it. */
export interface Coordinates {
  readonly groupId: string;
  readonly artifactId: string;
  readonly version: string;
  readonly licenses?: readonly string[];
}

/** Whether the parts may stand in a repository: ids as Maven validates them, and a version that is no placeholder. */
export function isValid({ groupId, artifactId, version }: Coordinates): boolean {
  const isId = (id: string) => id.length <= 256 && /^[A-Za-z0-9_.-]+$/.test(id);
  const isVersion = version.length <= 128 && /^[A-Za-z0-9][A-Za-z0-9._+~-]*$/.test(version);
  return isId(artifactId) && (groupId === '' || isId(groupId)) && isVersion;
}

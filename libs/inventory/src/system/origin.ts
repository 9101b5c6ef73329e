import type { Version } from '@gabion/rootfs/view';
import { type Installed, identity } from '../package.ts';

/**
 * The layer that brought each package as it is: the first of the unbroken run of versions of its database that have it.
 * A layer that rewrites the database for another package is not charged with those it leaves alone.
 */
export function originsOf(
  history: readonly Version[],
  packages: readonly Installed[],
  parse: (content: Buffer) => readonly Installed[],
): Map<string, number> {
  const origins = new Map<string, number>();
  let open = new Set(packages.map(identity));
  for (const { layer, file } of history.toReversed()) {
    if (open.size === 0 || !file?.content) break;
    // A database that did not change in content has no need to be read to know that it has the same packages.
    const present = new Set(parse(file.content).map(identity));
    open = open.intersection(present);
    for (const key of open) origins.set(key, layer);
  }
  return origins;
}

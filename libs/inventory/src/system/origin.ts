import type { Version } from '@gabion/rootfs/view';
import { type Installed, identity } from '../package.ts';

/** What a database was after a layer. */
export interface DatabaseState {
  readonly layer: number;
  /** Undefined: it was not there, or not readable. */
  packages(): readonly Installed[] | undefined;
}

/**
 * The layer that brought each package as it is: the first of the unbroken run of states of its database that have it.
 * A layer that rewrites the database for another package is not charged with those it leaves alone.
 * The states are those of the database that the packages are from, lowest first; the last one is not read again.
 */
export function originsIn(states: readonly DatabaseState[], packages: readonly Installed[]): Map<string, number> {
  const origins = new Map<string, number>();
  const [last, ...before] = states.toReversed();
  let open = new Set(packages.map(identity));
  if (last) for (const key of open) origins.set(key, last.layer);
  for (const state of before) {
    const present = open.size > 0 ? state.packages() : undefined;
    if (!present) break;
    open = open.intersection(new Set(present.map(identity)));
    for (const key of open) origins.set(key, state.layer);
  }
  return origins;
}

/** The same for a database that is one file, by what layers made of it. */
export function originsOf(
  history: readonly Version[],
  packages: readonly Installed[],
  parse: (content: Buffer) => readonly Installed[],
): Map<string, number> {
  const states = history.map(({ layer, file }) => ({
    layer,
    packages: () => file?.content && parse(file.content),
  }));
  return originsIn(states, packages);
}

import type { Inspector } from '@gabion/rootfs/inspector';
import type { Analyzer } from '@gabion/rootfs/layer-contents';
import type { View } from '@gabion/rootfs/view';
import type { Package } from './package.ts';
import type { OperatingSystem } from './system/os-release.ts';
import type { Warnings } from './warnings.ts';

/** Finds the packages of one package manager or language. It never throws on what an image holds, but warns. */
export interface Cataloguer {
  readonly name: string;
  /**
   * `system`: the package manager of the distribution, which answers for the files it owns. `language`: packages and
   * `program`: programs that count only where no package of the system owns their file.
   */
  readonly kind: 'system' | 'language' | 'program';
  /** Which files are to be kept for it. */
  readonly analyzers?: readonly Analyzer[];
  /** What looks at files on its behalf while they go by; its notes are in the view. */
  readonly inspectors?: readonly Inspector[];
  find(image: ImageSight): Found;
}

/** What a cataloguer sees of an image. */
export interface ImageSight {
  readonly view: View;
  readonly operatingSystem?: OperatingSystem;
  readonly warnings: Warnings;
}

export interface Found {
  readonly packages: readonly Package[];
  /** Files that packages of the system own, as their database writes them, without a leading slash. */
  readonly ownedPaths?: Iterable<string>;
  /** A package database of the system is there. */
  readonly hasDatabase?: boolean;
}

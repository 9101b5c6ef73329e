/** One installed package. */
export interface Package {
  readonly name: string;
  /** As its package manager writes it, epoch and revision included. */
  readonly version: string;
  /** OSV ecosystem: `Debian:11`, `Alpine:v3.10`, `npm`. */
  readonly ecosystem: string;
  readonly purl: string;
  /** What the distribution's advisories name; equal to name and version where there is no other source. */
  readonly sourceName: string;
  readonly sourceVersion: string;
  /** The package manager's word, `amd64` or `x86_64`; empty for npm. */
  readonly architecture: string;
  /** The layer that brought this version of the package, not the last one that wrote the database. */
  readonly layerDiffId: string;
  /** The file that says so. */
  readonly path: string;
  readonly licenses: readonly string[];
}

/** A package as its database has it, before it is placed in a system and a layer. */
export interface Installed {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  readonly sourceName: string;
  readonly sourceVersion: string;
  readonly licenses: readonly string[];
}

/** What makes an installed package the same in two versions of a database. */
export function identity({ name, version, architecture }: Installed): string {
  return `${name}\n${version}\n${architecture}`;
}

/** Types of the package URL specification that inventories hold; `generic` is a program without a package manager. */
export type PackageType =
  | 'deb'
  | 'apk'
  | 'rpm'
  | 'alpm'
  | 'opkg'
  | 'npm'
  | 'pypi'
  | 'maven'
  | 'golang'
  | 'cargo'
  | 'gem'
  | 'composer'
  | 'nuget'
  | 'conda'
  | 'cran'
  | 'hex'
  | 'pub'
  | 'swift'
  | 'luarocks'
  | 'bitnami'
  | 'brew'
  | 'cocoapods'
  | 'conan'
  | 'cpan'
  | 'hackage'
  | 'julia'
  | 'opam'
  | 'otp'
  | 'vscode-extension'
  | 'generic';

/** How sure a package is to be there: what was looked at to find it. */
export type Evidence =
  | 'package-database'
  | 'package-metadata'
  | 'build-information'
  | 'binary-pattern'
  | 'file-hash'
  | 'lock-file'
  | 'sbom';

/** One installed package. */
export interface Package {
  readonly type: PackageType;
  readonly name: string;
  /** As its package manager writes it, epoch and revision included. */
  readonly version: string;
  /** OSV ecosystem: `Debian:11`, `Alpine:v3.10`, `npm`; empty where no advisories speak of such packages. */
  readonly ecosystem: string;
  readonly purl: string;
  /** What the distribution's advisories name; equal to name and version where there is no other source. */
  readonly sourceName: string;
  readonly sourceVersion: string;
  /** The package manager's word, `amd64` or `x86_64`; empty for languages. */
  readonly architecture: string;
  /** Module stream of an rpm, `nodejs:12`; empty outside modules. */
  readonly module: string;
  /** The layer that brought this version of the package, not the last one that wrote the database. */
  readonly layerDiffId: string;
  /** The file that says so; inside an archive `app.war!WEB-INF/lib/a.jar`. */
  readonly path: string;
  readonly evidence: Evidence;
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
  readonly module?: string;
}

/** What makes an installed package the same in two versions of a database. */
export function identity({ name, version, architecture }: Installed): string {
  return `${name}\n${version}\n${architecture}`;
}

import { ownableIn } from '../ownable.ts';
import { RpmHeader, rpmTag } from './rpm-header.ts';

/** A package as a header of the database has it; texts are empty where the header has none. */
export interface RpmPackage {
  readonly name: string;
  readonly epoch: number;
  readonly version: string;
  readonly release: string;
  readonly architecture: string;
  /** File name of the source package: `bash-5.1.8-6.el9.src.rpm`. */
  readonly sourceRpm: string;
  readonly vendor: string;
  readonly license: string;
  /** Whole `MODULARITYLABEL`: `nodejs:12:8020020200326104117:4cda2c84`. */
  readonly modularityLabel: string;
  /** Files that it owns and that are ownable, without a leading slash. */
  readonly files: readonly string[];
}

/** What all files of one database may take; hostile directory names could multiply to anything. */
export class FileBudget {
  #left = 32 * 1024 * 1024;

  /** Whether there was room for a path. */
  take(path: string): boolean {
    this.#left -= path.length;
    return this.#left >= 0;
  }
}

/** PATH_MAX of Linux. */
const maxPath = 4096;

/** The package of a header blob; undefined where it is no header or names no package. */
export function packageOfHeader(blob: Buffer, budget: FileBudget): RpmPackage | undefined {
  const header = RpmHeader.of(blob);
  if (!header) return undefined;
  const name = header.text(rpmTag.name);
  const version = header.text(rpmTag.version);
  const release = header.text(rpmTag.release);
  const sourceRpm = header.text(rpmTag.sourceRpm);
  if (!isName(name) || !isVersion(version) || !isVersion(release)) return undefined;
  return {
    name,
    epoch: header.numbers(rpmTag.epoch).next().value ?? 0,
    version,
    release,
    architecture: header.text(rpmTag.architecture).slice(0, 32),
    sourceRpm: sourceRpm === '(none)' ? '' : sourceRpm.slice(0, 512),
    vendor: header.text(rpmTag.vendor).slice(0, 256),
    license: header.text(rpmTag.license).slice(0, 1024),
    modularityLabel: header.text(rpmTag.modularityLabel).slice(0, 256),
    files: [...filesOf(header, budget)],
  };
}

/** Whether a text can be the name of a package: rpmbuild lets more through than packagers use, but no spaces or slashes. */
export function isName(text: string): boolean {
  return /^[A-Za-z0-9_][A-Za-z0-9_.+~^{}%:@-]{0,255}$/.test(text);
}

/** Whether a text can be a version or a release, which end at a hyphen. */
export function isVersion(text: string): boolean {
  return /^[A-Za-z0-9_.+~^{}%:@]{1,256}$/.test(text);
}

function* filesOf(header: RpmHeader, budget: FileBudget): Generator<string> {
  const directories = [...header.texts(rpmTag.directoryNames)].map((directory) => ({
    directory: directory.replace(/^\/+/, ''),
    isOwnable: ownableIn(directory.slice(0, maxPath)),
  }));
  const indexes = header.numbers(rpmTag.directoryIndexes);
  for (const name of header.texts(rpmTag.baseNames)) {
    const place = directories[indexes.next().value ?? -1];
    if (!place?.isOwnable(name) || place.directory.length + name.length > maxPath) continue;
    const path = place.directory + name;
    if (!budget.take(path)) return;
    yield path;
  }
  yield* oldFilesOf(header, budget);
}

/** Headers of rpm 3 and before have whole paths. */
function* oldFilesOf(header: RpmHeader, budget: FileBudget): Generator<string> {
  for (const path of header.texts(rpmTag.oldFileNames)) {
    if (
      path.length > maxPath ||
      !ownableIn(path.slice(0, path.lastIndexOf('/') + 1))(path.slice(path.lastIndexOf('/') + 1))
    )
      continue;
    if (!budget.take(path)) return;
    yield path.replace(/^\/+/, '');
  }
}

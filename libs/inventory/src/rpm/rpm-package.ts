import { isOwnable, ownableIn } from '../ownable.ts';
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

/**
 * What is read of one database at most. Hostile headers have millions of empty names, or multiply long directories;
 * files past the budget are left out, packages past it are as those that cannot be read.
 */
export class ReadingBudget {
  #packages = 200_000;
  #packageCharacters = 32 * 1024 * 1024;
  #names = 1_500_000;
  #fileCharacters = 32 * 1024 * 1024;

  /** Whether there was room for a package of so many characters, without its files. */
  takePackage(characters: number): boolean {
    this.#packageCharacters -= characters;
    return --this.#packages >= 0 && this.#packageCharacters >= 0;
  }

  /** As many names of files as there is room to look at. */
  *names(names: Iterable<string>): Generator<string> {
    for (const name of names) {
      if (--this.#names < 0) return;
      yield name;
    }
  }

  /** Whether there was room for a path. */
  takeFile(path: string): boolean {
    this.#fileCharacters -= path.length;
    return this.#fileCharacters >= 0;
  }
}

/** PATH_MAX of Linux. */
const maxPath = 4096;

/** The package of a header blob; undefined where it is no header or names no package. */
export function packageOfHeader(blob: Buffer, budget: ReadingBudget): RpmPackage | undefined {
  const header = RpmHeader.of(blob);
  if (!header) return undefined;
  const name = header.text(rpmTag.name);
  const version = header.text(rpmTag.version);
  const release = header.text(rpmTag.release);
  const sourceRpm = header.text(rpmTag.sourceRpm);
  if (!isName(name) || !isVersion(version) || !isVersion(release)) return undefined;
  const about = {
    name,
    epoch: header.numbers(rpmTag.epoch).next().value ?? 0,
    version,
    release,
    architecture: header.text(rpmTag.architecture).slice(0, 32),
    sourceRpm: sourceRpm === '(none)' ? '' : sourceRpm.slice(0, 512),
    vendor: header.text(rpmTag.vendor).slice(0, 256),
    license: header.text(rpmTag.license).slice(0, 1024),
    modularityLabel: header.text(rpmTag.modularityLabel).slice(0, 256),
  };
  if (!budget.takePackage(Object.values(about).join('').length)) return undefined;
  return { ...about, files: [...filesOf(header, budget)] };
}

/** Whether a text can be the name of a package: rpmbuild lets more through than packagers use, but no spaces or slashes. */
export function isName(text: string): boolean {
  return /^[A-Za-z0-9_][A-Za-z0-9_.+~^{}%:@-]{0,255}$/.test(text);
}

/** Whether a text can be a version or a release, which end at a hyphen. */
export function isVersion(text: string): boolean {
  return /^[A-Za-z0-9_.+~^{}%:@]{1,256}$/.test(text);
}

function* filesOf(header: RpmHeader, budget: ReadingBudget): Generator<string> {
  const directories = [...budget.names(header.texts(rpmTag.directoryNames))];
  const indexes = header.numbers(rpmTag.directoryIndexes);
  let last = -1;
  let isOwnableHere = (_name: string) => false;
  for (const name of budget.names(header.texts(rpmTag.baseNames))) {
    const index = indexes.next().value ?? -1;
    const directory = directories[index];
    if (directory === undefined || directory.length + name.length > maxPath) continue;
    // Files are in the order of their directories.
    if (index !== last) isOwnableHere = ownableIn(directory);
    last = index;
    if (!isOwnableHere(name)) continue;
    const path = directory.replace(/^\/+/, '') + name;
    if (!budget.takeFile(path)) return;
    yield path;
  }
  yield* oldFilesOf(header, budget);
}

/** Headers of rpm 3 and before have whole paths. */
function* oldFilesOf(header: RpmHeader, budget: ReadingBudget): Generator<string> {
  for (const path of budget.names(header.texts(rpmTag.oldFileNames))) {
    if (path.length > maxPath || !isOwnable(path)) continue;
    if (!budget.takeFile(path)) return;
    yield path.replace(/^\/+/, '');
  }
}

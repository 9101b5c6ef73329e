import type { PackageType } from './package.ts';
import type { Warnings } from './warnings.ts';

/** A package as a file of a language's package manager declares it. */
export interface Declared {
  readonly name: string;
  readonly version: string;
  /** Where one file declares packages of another type than its own: Maven packages of a Conan project. */
  readonly type?: PackageType;
  readonly licenses?: readonly string[];
  /** Qualifiers of the package URL: `platform` of a gem, `build` of a Conda package. */
  readonly qualifiers?: Readonly<Record<string, string>>;
  /** Only needed to work on the project that a lock file belongs to. */
  readonly isDev?: boolean;
}

/** Reads the packages of one file. It may throw on content that is not of the format; the caller warns. */
export type DeclaredParse = (content: Buffer, path: string, warnings?: Warnings) => readonly Declared[];

/** The most packages of one file; large monorepos lock some ten thousand. */
const maxDeclared = 100_000;

const maxLicenses = 20;

/** Gathers what one file declares, each package once; a package without a plausible name and version is a warning. */
export class Declarations {
  readonly #path: string;
  readonly #warnings: Warnings | undefined;
  readonly #found = new Map<string, Declared>();

  constructor(path: string, warnings?: Warnings) {
    this.#path = path;
    this.#warnings = warnings;
  }

  get list(): Declared[] {
    return [...this.#found.values()];
  }

  add(name: unknown, version: unknown, more: Omit<Declared, 'name' | 'version'> = {}): void {
    if (typeof name !== 'string' || typeof version !== 'string' || !isName(name) || !isVersion(version)) {
      const shown = typeof name === 'string' ? JSON.stringify(name.slice(0, 100)) : 'a package';
      this.#warnings?.add('package_incomplete', `${this.#path}: ${shown} has no valid name and version`);
      return;
    }
    if (this.#found.size >= maxDeclared) throw new RangeError(`over ${maxDeclared} packages`);
    const key = `${more.type ?? ''}\n${name}\n${version}`;
    const known = this.#found.get(key);
    // A package that is needed both to run and to develop is needed to run.
    if (known && !(known.isDev && !more.isDev)) return;
    this.#found.set(key, { name, version, ...tidy(more) });
  }
}

function tidy({ type, licenses, qualifiers, isDev }: Omit<Declared, 'name' | 'version'>) {
  const named = licenses?.filter((license) => license.trim() !== '').slice(0, maxLicenses) ?? [];
  return {
    ...(type && { type }),
    ...(named.length > 0 && { licenses: named.map((license) => license.trim().slice(0, 256)) }),
    ...(qualifiers && { qualifiers: textsOf(qualifiers) }),
    ...(isDev && { isDev }),
  };
}

function textsOf(qualifiers: Readonly<Record<string, unknown>>): Record<string, string> {
  const texts = Object.entries(qualifiers).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return Object.fromEntries(texts.map(([key, value]) => [key, value.slice(0, 1024)]));
}

function isName(name: string): boolean {
  return name.length <= 256 && /^[^\s\p{Cc}]+$/u.test(name) && name !== '.' && name !== '..';
}

function isVersion(version: string): boolean {
  return version.length <= 256 && /^[^\s\p{Cc}]+$/u.test(version) && /[0-9A-Za-z]/.test(version);
}

import type { Analyzer } from '@gabion/rootfs/layer-contents';
import type { ViewFile } from '@gabion/rootfs/view';
import type { Cataloguer, ImageSight } from './cataloguer.ts';
import { Declarations, type Declared, type DeclaredParse } from './declared.ts';
import { languagePackage } from './language-ids.ts';
import type { Evidence, Installed, Package, PackageType } from './package.ts';
import { placed } from './placement.ts';
import { type Warning, Warnings } from './warnings.ts';

/** Files of one kind that declare packages, each on its own. */
export interface PackageFiles {
  readonly name: string;
  readonly type: PackageType;
  readonly evidence: Evidence;
  /** Most bytes of a file that are read, or undefined for files of another kind. */
  wants(path: string): number | undefined;
  readonly parse: DeclaredParse;
  /** Development dependencies of lock files are packages, too. */
  readonly includeDev?: boolean;
}

/** What is kept of a file in place of its content. */
interface Kept {
  /** The cataloguer that wrote it. */
  readonly by: string;
  readonly packages: readonly Declared[];
  readonly warnings: readonly Warning[];
}

/**
 * A cataloguer of files that declare packages. Each file is parsed while its layer goes by, and only what it declares is
 * kept: a few kilobytes of a lock file of megabytes.
 */
export function fileCataloguer(files: PackageFiles): Cataloguer {
  const analyzer: Analyzer = {
    name: files.name,
    wants: (path) => files.wants(path),
    reduce: (path, content) => Buffer.from(keptMark + JSON.stringify(read(files, path, content))),
  };
  return {
    name: files.name,
    kind: 'language',
    analyzers: [analyzer],
    find(image) {
      const wanted = [...image.view.files.values()].filter((file) => files.wants(file.path));
      return { packages: wanted.flatMap((file) => packagesOf(files, image, file)) };
    },
  };
}

function packagesOf(files: PackageFiles, image: ImageSight, file: ViewFile): Package[] {
  if (file.content) for (const { code, message } of kept(files, file).warnings) image.warnings.add(code, message);
  const parse = (content: Buffer): Installed[] =>
    kept(files, { path: file.path, content })
      .packages.filter(({ isDev }) => files.includeDev || !isDev)
      .map((declared) => languagePackage(declared, files.type));
  // What `languagePackage` answers is more than an `Installed`: it has the ids already.
  const ids = (found: Installed) => found as ReturnType<typeof languagePackage>;
  return placed(image, file, { type: files.type, evidence: files.evidence, parse, ids });
}

/** Marks content that was parsed already. No text that a package manager writes begins with it. */
const keptMark = '\0';

function read(files: PackageFiles, path: string, content: Buffer): Kept {
  const warnings = new Warnings();
  try {
    const packages = files.parse(content, path, warnings);
    return { by: files.name, packages, warnings: warnings.list.slice(0, maxWarnings) };
  } catch (error) {
    // Parsers of JSON, YAML, TOML, XML and zip throw what they like, a full stack included.
    const reason = error instanceof Error ? error.message.split('\n', 1)[0] : String(error);
    warnings.add('package_malformed', `${path}: ${reason}`);
    return { by: files.name, packages: [], warnings: warnings.list };
  }
}

/** Warnings kept with one file. */
const maxWarnings = 10;

/** A hard link may bring the whole content of a file, or what was kept of it on another's behalf. */
function kept(files: PackageFiles, file: { readonly path: string; readonly content?: Buffer }): Kept {
  const content = file.content!;
  if (content[0] !== 0) return read(files, file.path, content);
  return written(files, file.path, content) ?? read(files, file.path, Buffer.alloc(0));
}

/** What `reduce` wrote. Its mark may be forged in the target of a hard link, so that all is checked once more. */
function written(files: PackageFiles, path: string, content: Buffer): Kept | undefined {
  try {
    const { by, packages, warnings } = JSON.parse(content.toString('utf8', keptMark.length)) as Kept;
    if (by !== files.name) return undefined;
    const declarations = new Declarations(path);
    for (const { name, version, ...more } of packages) declarations.add(name, version, more);
    return { by, packages: declarations.list, warnings: [...warnings] };
  } catch {
    return undefined;
  }
}

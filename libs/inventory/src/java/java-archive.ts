import { createHash } from 'node:crypto';
import type { NotedPackage } from '../noted.ts';
import { type Coordinates, isValid } from './coordinates.ts';
import { artifactInName } from './file-name.ts';
import { type Manifest, parseManifest } from './manifest.ts';
import { identityOf } from './manifest-identity.ts';
import { parsePom, parsePomProperties } from './pom.ts';
import { ZipArchive, type ZipEntry } from './zip-archive.ts';

/** Archives that Java programs are packed into; `rar` is a resource adapter of JCA here, and a zip. */
const archiveName = /\.(?:[jwepsk]ar|rar|aar|nar|jpi|hpi|lpkg)$/i;
const nestedName = /\.(?:[jwepsk]ar|rar|aar|nar|jpi|hpi)$/i;

/** What reading one file may cost, whatever is nested in it. */
export const archiveLimits = {
  maxDepth: 16,
  maxArchives: 5_000,
  /** Members of all archives together. */
  maxEntries: 2_000_000,
  /** Bytes that all members together are unpacked to. */
  maxUnpackedBytes: 1024 ** 3,
  /** Bytes of one archive in another. */
  maxNestedBytes: 128 * 1024 ** 2,
  /** Compiled classes do not pack better than this; a bomb does. */
  maxRatio: 100,
  /** Bytes of a manifest (signed archives list every class), `pom.properties` and `pom.xml`. */
  maxMetadataBytes: 4 * 1024 ** 2,
  /** Poms of one archive; shaded programs have some 300. */
  maxPoms: 2_000,
};

export interface JavaArchiveOptions {
  /** Finds the coordinates of an archive by its SHA-1, when nothing in it says them. */
  readonly findBySha1?: (sha1: string) => Coordinates | undefined;
}

export interface JavaArchiveContents {
  readonly packages: readonly NotedPackage[];
  /** What was not read, and why. */
  readonly problems: readonly string[];
}

/** Whether a file is named as an archive of Java. */
export function isJavaArchiveName(path: string): boolean {
  return archiveName.test(path);
}

/** The packages in a Java archive and in the archives in it, to any sane depth. Never throws. */
export function packagesOfJavaArchive(
  bytes: Buffer,
  path: string,
  options: JavaArchiveOptions = {},
): JavaArchiveContents {
  const reading = new Reading(options);
  reading.archive(bytes, path, '', 0);
  return { packages: reading.packages, problems: [...reading.problems] };
}

interface Members {
  readonly poms: ReadonlyMap<string, { properties?: ZipEntry; pom?: ZipEntry }>;
  readonly manifest: ZipEntry | undefined;
  readonly nested: readonly ZipEntry[];
}

/** One file and all that is nested in it, within the limits that they share. */
class Reading {
  readonly packages: NotedPackage[] = [];
  readonly problems = new Set<string>();
  readonly #options: JavaArchiveOptions;
  #archivesLeft = archiveLimits.maxArchives;
  #entriesLeft = archiveLimits.maxEntries;
  #bytesLeft = archiveLimits.maxUnpackedBytes;

  constructor(options: JavaArchiveOptions) {
    this.#options = options;
  }

  archive(bytes: Buffer, path: string, inside: string, depth: number): void {
    if (depth > archiveLimits.maxDepth) return this.#refuse('archives are nested too deep');
    if (this.#archivesLeft-- <= 0) return this.#refuse(`over ${archiveLimits.maxArchives} archives are nested`);
    const zip = ZipArchive.open(bytes);
    if (!zip) return this.#refuse(`${inside || 'the file'} is not a whole zip archive`);
    const members = this.#members(zip);
    this.#identify(zip, bytes, members, path, inside);
    for (const entry of members.nested) {
      const content = this.#nested(zip, entry);
      const name = entry.name.replace(/[\p{Cc}!]/gu, '_').slice(0, 1024);
      if (content) this.archive(content, name, inside === '' ? name : `${inside}!${name}`, depth + 1);
    }
  }

  #members(zip: ZipArchive): Members {
    const poms = new Map<string, { properties?: ZipEntry; pom?: ZipEntry }>();
    const nested: ZipEntry[] = [];
    let manifest: ZipEntry | undefined;
    for (const entry of zip.entries()) {
      if (this.#entriesLeft-- <= 0) {
        this.#refuse(`the archives have over ${archiveLimits.maxEntries} members`);
        break;
      }
      const { name } = entry;
      if (nestedName.test(name)) nested.push(entry);
      else if (/^META-INF\/MANIFEST\.MF$/i.test(name)) manifest ??= entry;
      const [, directory, file] =
        /^((?:.{1,512}\/)?META-INF\/maven\/[^/]+\/[^/]+)\/pom\.(properties|xml)$/.exec(name) ?? [];
      if (!directory || (poms.size >= archiveLimits.maxPoms && !poms.has(directory))) continue;
      poms.set(directory, { ...poms.get(directory), [file === 'xml' ? 'pom' : 'properties']: entry });
    }
    return { poms, manifest, nested };
  }

  #identify(zip: ZipArchive, bytes: Buffer, members: Members, path: string, inside: string): void {
    const fileName = path.slice(path.lastIndexOf('/') + 1);
    const found = [...members.poms.values()].map((pom) => this.#pom(zip, pom)).filter((one) => one !== undefined);
    if (!found.some((one) => isNamedBy(one, fileName))) {
      const own = this.#own(zip, bytes, members.manifest, path);
      // Without a group it adds nothing to an archive that Maven's files describe: the jar of an application.
      if (own && isValid(own) && (own.groupId !== '' || found.length === 0)) found.unshift(own);
    }
    const unique = new Map(found.map((one) => [`${one.groupId}:${one.artifactId}:${one.version}`, one]));
    for (const one of unique.values()) this.packages.push(packageOf(one, inside));
  }

  #pom(zip: ZipArchive, { properties, pom }: { properties?: ZipEntry; pom?: ZipEntry }): Coordinates | undefined {
    const fromProperties = properties && this.#metadata(zip, properties, parsePomProperties);
    const fromPom = pom && this.#metadata(zip, pom, parsePom);
    if (!fromProperties) return fromPom;
    return fromPom?.licenses ? { ...fromProperties, licenses: fromPom.licenses } : fromProperties;
  }

  #own(zip: ZipArchive, bytes: Buffer, entry: ZipEntry | undefined, path: string): Coordinates | undefined {
    const manifest: Manifest = (entry && this.#metadata(zip, entry, parseManifest)) ?? new Map();
    const identity = identityOf({ path, manifest, hasBelow: (directory) => hasBelow(zip, directory) });
    if (identity?.groupId || !this.#options.findBySha1) return identity;
    return this.#options.findBySha1(createHash('sha1').update(bytes).digest('hex')) ?? identity;
  }

  #metadata<T>(zip: ZipArchive, entry: ZipEntry, parse: (content: Buffer) => T): T | undefined {
    const content = zip.content(entry, Math.min(archiveLimits.maxMetadataBytes, this.#bytesLeft));
    this.#bytesLeft -= content?.length ?? 0;
    if (!content) this.#refuse(`${shown(entry)} cannot be read`);
    return content && parse(content);
  }

  #nested(zip: ZipArchive, entry: ZipEntry): Buffer | undefined {
    const { size, packedSize, method } = entry;
    if (method !== 0 && size > packedSize * archiveLimits.maxRatio) {
      this.#refuse(`${shown(entry)} is packed too well to be an archive`);
      return undefined;
    }
    const most = Math.min(archiveLimits.maxNestedBytes, this.#bytesLeft);
    const content = zip.content(entry, most);
    if (!content) this.#refuse(`${shown(entry)} cannot be read${size > most ? ': it is too large' : ''}`);
    // Stored members cost no memory, yet are counted: entries may overlap, and an archive may hold itself.
    this.#bytesLeft -= content?.length ?? 0;
    return content;
  }

  #refuse(problem: string): void {
    if (this.problems.size < 20) this.problems.add(problem);
  }
}

/** Whether the file has the name of the artifact: its own description, not that of something packed into it. */
function isNamedBy({ artifactId, version }: Coordinates, fileName: string): boolean {
  const named = artifactInName(fileName);
  return (
    named?.artifactId === artifactId || fileName.startsWith(`${artifactId}-${version}`) || isBare(artifactId, fileName)
  );
}

function isBare(artifactId: string, fileName: string): boolean {
  return fileName.replace(/\.[A-Za-z]{2,4}$/, '') === artifactId;
}

function hasBelow(zip: ZipArchive, directory: string): boolean {
  for (const { name } of zip.entries()) if (name.startsWith(directory)) return true;
  return false;
}

function packageOf({ groupId, artifactId, version, licenses = [] }: Coordinates, inside: string): NotedPackage {
  return {
    name: groupId === '' ? artifactId : `${groupId}:${artifactId}`,
    version,
    ...(inside !== '' && { inside }),
    // A name alone is shared by artifacts of several groups.
    ...(groupId === '' && { isUnjudged: true as const }),
    ...(licenses.length > 0 && { licenses }),
  };
}

function shown({ name, isEncrypted }: ZipEntry): string {
  return `${JSON.stringify(name.slice(0, 200))}${isEncrypted ? ', encrypted,' : ''}`;
}

import type { Analyzer } from '@gabion/rootfs/layer-contents';
import type { Version, View, ViewFile } from '@gabion/rootfs/view';
import type { Cataloguer, ImageSight } from '../cataloguer.ts';
import { identity, type Package } from '../package.ts';
import { ecosystemOf } from '../system/ecosystem.ts';
import { originsIn } from '../system/origin.ts';
import { type KeptDatabase, keepDatabase, keptDatabase, type PackageList, packagesOf } from './kept-database.ts';
import { installedOf, type RpmInstalled, rpmPurl } from './rpm-installed.ts';
import { isManifest, manifestPath, parseManifest } from './rpm-manifest.ts';

/** Where the `_dbpath` of distributions is: the usual, that of SUSE and of Fedora since 36, that of rpm-ostree. */
const directories = ['var/lib/rpm', 'usr/lib/sysimage/rpm', 'usr/share/rpm'];
/** SQLite, NDB, Berkeley DB: the newer before what a conversion may have left. */
const databaseNames = ['rpmdb.sqlite', 'Packages.db', 'Packages'];
const logSuffix = '-wal';

/**
 * A database is in memory as a whole while its layer is read: 180 MB of it make a process of 440 MB, and any image is
 * to be read within 512 MB. Those of images have 5 MB to 100 MB.
 */
const maxDatabaseBytes = 224 * 1024 * 1024;
/** SQLite moves a log to its database at 4 MB, if no one reads. */
const maxLogBytes = 64 * 1024 * 1024;

const wanted: ReadonlyMap<string, number> = new Map(
  directories.flatMap((directory) => [
    ...databaseNames.map((name) => [`${directory}/${name}`, maxDatabaseBytes] as const),
    [`${directory}/${databaseNames[0]}${logSuffix}`, maxLogBytes] as const,
  ]),
);

const rpmAnalyzer: Analyzer = {
  name: 'rpm',
  wants: (path) => wanted.get(path),
  reduce: (_path, content) => keepDatabase(content),
};

const manifestAnalyzer: Analyzer = {
  name: 'rpm-manifest',
  wants: (path) => (path === manifestPath ? 16 * 1024 * 1024 : undefined),
};

/** Red Hat, SUSE, Fedora, Amazon, Azure Linux and all that is built with rpm. */
export const rpmCataloguer: Cataloguer = {
  name: 'rpm',
  kind: 'system',
  analyzers: [rpmAnalyzer, manifestAnalyzer],
  find(image) {
    const databases = databasesIn(image);
    const manifest = databases.length === 0 ? image.view.read(manifestPath) : undefined;
    return {
      packages: [
        ...databases.flatMap((database) => packagesFrom(image, database.file, database.found, database.states)),
        ...(manifest ? packagesOfManifest(image, manifest) : []),
      ],
      ownedPaths: databases.flatMap(({ list }) => list.packages.flatMap(({ files }) => files)),
      hasDatabase: databases.length > 0 || manifest !== undefined,
    };
  },
};

interface Database {
  readonly file: ViewFile;
  readonly list: PackageList;
  readonly found: readonly RpmInstalled[];
  readonly states: readonly State[];
}

interface State {
  readonly layer: number;
  packages(): readonly RpmInstalled[] | undefined;
}

/** One database a directory, as a set: `var/lib/rpm` is a link to where the database is, on most systems. */
function databasesIn(image: ImageSight): Database[] {
  const databases = new Map<string, Database>();
  for (const directory of new Set(directories.map((each) => image.view.resolve(each) ?? each))) {
    const inDirectory = databaseNames
      .map((name) => image.view.read(`${directory}/${name}`))
      .flatMap((file) => (file ? (readable(image, file) ?? []) : []));
    const database = inDirectory.find(({ found }) => found.length > 0) ?? inDirectory[0];
    if (database) databases.set(database.file.path, database);
  }
  return [...databases.values()];
}

function readable({ view, warnings }: ImageSight, file: ViewFile): Database | undefined {
  const reader = new Reader(view, file);
  if (!file.content) {
    warnings.add(file.size > 0 ? 'file_too_large' : 'file_content_missing', `${file.path} was not read`);
    return undefined;
  }
  const log = view.read(file.path + logSuffix);
  if (log && !log.content) warnings.add('file_too_large', `${log.path} was not read: packages may be missing or gone`);
  const list = reader.list(file, log);
  if (!list) {
    // An empty file is what a conversion to another form leaves.
    if (file.size > 0) warnings.add('package_malformed', `${file.path} is no database of rpm that can be read`);
    return undefined;
  }
  if (list.unreadable > 0) {
    warnings.add('package_malformed', `${file.path}: ${list.unreadable} records hold no package that can be read`);
  }
  return { file, list, found: installedIn(list), states: reader.states() };
}

/** Reads the states of one database, each file of each layer once. */
class Reader {
  readonly #view: View;
  readonly #file: ViewFile;
  readonly #kept = new Map<Buffer, KeptDatabase | undefined>();

  constructor(view: View, file: ViewFile) {
    this.#view = view;
    this.#file = file;
  }

  list(main: ViewFile | undefined, log: ViewFile | undefined): PackageList | undefined {
    const database = this.#database(main);
    return database && packagesOf(database, this.#database(log));
  }

  /** A state for each layer that changed the database or its log. */
  states(): State[] {
    const mains = this.#view.history(this.#file.path);
    const logs = this.#view.history(this.#file.path + logSuffix);
    const layers = [...new Set([...mains, ...logs].map(({ layer }) => layer))].sort((a, b) => a - b);
    return layers.map((layer) => ({
      layer,
      packages: () => {
        const list = this.list(fileAt(mains, layer), fileAt(logs, layer));
        return list && installedIn(list);
      },
    }));
  }

  #database(file: ViewFile | undefined): KeptDatabase | undefined {
    if (!file?.content) return undefined;
    if (!this.#kept.has(file.content)) this.#kept.set(file.content, keptDatabase(file.content));
    return this.#kept.get(file.content);
  }
}

function fileAt(history: readonly Version[], layer: number): ViewFile | undefined {
  return history.findLast((version) => version.layer <= layer)?.file;
}

function installedIn(list: PackageList): RpmInstalled[] {
  return list.packages.flatMap((rpm) => installedOf(rpm) ?? []);
}

function packagesOfManifest(image: ImageSight, file: ViewFile): Package[] {
  if (!file.content || !isManifest(file.content)) {
    image.warnings.add(file.content ? 'package_malformed' : 'file_too_large', `${file.path} was not read`);
    return [];
  }
  const parse = (content: Buffer) => parseManifest(content).flatMap((rpm) => installedOf(rpm) ?? []);
  const states = image.view.history(file.path).map(({ layer, file: version }) => ({
    layer,
    packages: () => version?.content && parse(version.content),
  }));
  return packagesFrom(image, file, parse(file.content), states);
}

function packagesFrom(
  { view, operatingSystem }: ImageSight,
  file: ViewFile,
  found: readonly RpmInstalled[],
  states: readonly State[],
): Package[] {
  const origins = originsIn(states, found);
  const ecosystem = operatingSystem ? ecosystemOf(operatingSystem) : '';
  return found.map((one) => {
    const { rpm: _, ...installed } = one;
    return {
      type: 'rpm',
      module: '',
      ...installed,
      ecosystem,
      purl: rpmPurl(one, operatingSystem),
      layerDiffId: view.layers[origins.get(identity(one)) ?? file.layer]!.diffId,
      path: file.path,
      evidence: 'package-database',
    };
  });
}

import { berkeleyValues, isBerkeley } from './berkeley.ts';
import { isNdb, ndbValues } from './ndb.ts';
import { type PackageTree, packagesIn, type Row, type TreePage, treeOfFile, treeOfLog } from './package-tree.ts';
import { packageOfHeader, ReadingBudget, type RpmPackage } from './rpm-package.ts';
import { isSqlite } from './sqlite-file.ts';
import { isLog } from './sqlite-log.ts';

/** What is kept of a file of a database. */
export type KeptDatabase = PackageList | { readonly tree: PackageTree };

export interface PackageList {
  readonly packages: readonly RpmPackage[];
  /** Records that hold no package that could be read. */
  readonly unreadable: number;
}

/** Berkeley DB counts instances in a record of so many bytes. */
const counterBytes = 4;

/** Begins what this module writes; no database begins so. */
const mark = '{"rpm":1,';

/** Reads a file of an rpm database in any of its three forms, or the write-ahead log of one. */
export function readDatabase(file: Buffer): KeptDatabase | undefined {
  if (isSqlite(file)) return treeIn(treeOfFile(file));
  if (isLog(file)) return treeIn(treeOfLog(file));
  if (isNdb(file)) return listOf(ndbValues(file));
  if (isBerkeley(file)) return listOf(berkeleyValues(file));
  return undefined;
}

/** The packages of a database, with those that are only in its log. */
export function packagesOf(main: KeptDatabase, log?: KeptDatabase): PackageList {
  if ('packages' in main) return main;
  return packagesIn(main.tree, log && 'tree' in log ? log.tree : undefined);
}

/** A database as bytes to keep: much smaller than the file. What is no database stays out. */
export function keepDatabase(file: Buffer): Buffer {
  const database = readDatabase(file);
  if (!database) return file.subarray(0, 0);
  if ('packages' in database) return marked({ packages: database.packages, unreadable: database.unreadable });
  const { pages, ...tree } = database.tree;
  return marked({ ...tree, pages: [...pages] });
}

/** What `keepDatabase` wrote, or the file itself: one that is reached by a hard link was not reduced. */
export function keptDatabase(content: Buffer): KeptDatabase | undefined {
  if (content.toString('latin1', 0, mark.length) !== mark) return readDatabase(content);
  try {
    return decoded(JSON.parse(content.toString()));
  } catch {
    // A hostile file may begin with the mark.
    return undefined;
  }
}

function treeIn(tree: PackageTree | undefined): KeptDatabase | undefined {
  return tree && { tree };
}

function listOf(values: Iterable<Buffer | undefined>): PackageList {
  const budget = new ReadingBudget();
  const packages: RpmPackage[] = [];
  let unreadable = 0;
  for (const value of values) {
    if (value?.length === counterBytes) continue;
    const read = value && packageOfHeader(value, budget);
    if (read) packages.push(read);
    else unreadable++;
  }
  return { packages, unreadable };
}

function marked(database: object): Buffer {
  return Buffer.from(`${mark}${JSON.stringify(database).slice(1)}`);
}

function decoded(json: Record<string, unknown>): KeptDatabase {
  if (!Array.isArray(json.pages)) {
    return { packages: list(json.packages).map(packageFrom), unreadable: number(json.unreadable) };
  }
  const pages = json.pages.map((entry) => [number(list(entry)[0]), pageFrom(list(entry)[1])] as const);
  return { tree: { pageSize: number(json.pageSize), pageCount: number(json.pageCount), pages: new Map(pages) } };
}

function pageFrom(json: unknown): TreePage | null {
  if (json === null) return null;
  const page = object(json);
  if (page.children !== undefined) return { children: list(page.children).map(number) };
  return { rows: list(page.rows).map(rowFrom) };
}

function rowFrom(json: unknown): Row {
  const row = object(json);
  return {
    rowid: number(row.rowid),
    length: number(row.length),
    isWhole: row.isWhole === true,
    ...(row.root !== undefined && { root: number(row.root) }),
    ...(row.package !== undefined && { package: packageFrom(row.package) }),
  };
}

function packageFrom(json: unknown): RpmPackage {
  const one = object(json);
  return {
    name: text(one.name),
    epoch: number(one.epoch),
    version: text(one.version),
    release: text(one.release),
    architecture: text(one.architecture),
    sourceRpm: text(one.sourceRpm),
    vendor: text(one.vendor),
    license: text(one.license),
    modularityLabel: text(one.modularityLabel),
    files: list(one.files).map(text),
  };
}

function object(json: unknown): Record<string, unknown> {
  if (typeof json !== 'object' || json === null) throw new TypeError('not an object');
  return json as Record<string, unknown>;
}

function list(json: unknown): readonly unknown[] {
  if (!Array.isArray(json)) throw new TypeError('not a list');
  return json;
}

function number(json: unknown): number {
  if (typeof json !== 'number') throw new TypeError('not a number');
  return json;
}

function text(json: unknown): string {
  if (typeof json !== 'string') throw new TypeError('not a text');
  return json;
}

import { packageOfHeader, ReadingBudget, type RpmPackage } from './rpm-package.ts';
import { pagesOfFile } from './sqlite-file.ts';
import { pagesOfLog } from './sqlite-log.ts';
import { type Cell, type PageSource, tablePage } from './sqlite-page.ts';
import { type Column, columnsOf, pageNumberOf, textOf } from './sqlite-record.ts';

/** Rows and children of all pages: every package has a few; a hostile file could have one for every second byte. */
const maxEntries = 1_000_000;

/**
 * What is kept of a SQLite database, or of its write-ahead log. The two can be in different layers (a layer may hold
 * nothing but the log that grew, or a main file whose log a later layer deletes), and a layer is reduced without
 * knowing those around it. So neither is made a list of packages: of both the pages of tables are kept, each row of
 * headers cut down to its package, and the image puts the pages of the log it sees over those of the main file it sees.
 */
export interface PackageTree {
  readonly pageSize: number;
  /** Pages of the database by a log, 0 of a main file. */
  readonly pageCount: number;
  /** `null`: a page of the log that is no page of a table, and hides what the main file has there. */
  readonly pages: ReadonlyMap<number, TreePage | null>;
}

export type TreePage = { readonly children: readonly number[] } | { readonly rows: readonly Row[] };

export interface Row {
  readonly rowid: number;
  readonly length: number;
  /** False: its bytes are partly on pages that this file does not have. */
  readonly isWhole: boolean;
  /** A row of the schema: where the tree of the table `Packages` begins. */
  readonly root?: number;
  readonly package?: RpmPackage;
}

/** Pages of schema and packages of a database file; undefined when it is none. */
export function treeOfFile(file: Buffer): PackageTree | undefined {
  const source = pagesOfFile(file);
  if (!source) return undefined;
  const rows = new Rows(source);
  const pages = new Map<number, TreePage>();
  grow(pages, 1, source, rows);
  const root = rootIn([...pages.values()]);
  if (root !== undefined) grow(pages, root, source, rows);
  return { pageSize: source.pageSize, pageCount: 0, pages };
}

/** All pages that a write-ahead log has; undefined when it is none. */
export function treeOfLog(file: Buffer): PackageTree | undefined {
  const log = pagesOfLog(file);
  if (!log) return undefined;
  const rows = new Rows(log);
  const pages = new Map<number, TreePage | null>();
  for (const number of log.pageNumbers) pages.set(number, rows.pageOf(number) ?? null);
  return { pageSize: log.pageSize, pageCount: log.pageCount, pages };
}

/** The packages of a database with its log put over it, and how many could not be read. */
export function packagesIn(main: PackageTree, log?: PackageTree): { packages: RpmPackage[]; unreadable: number } {
  const top = log && log.pageCount > 0 && log.pageSize === main.pageSize ? log : undefined;
  const page = (number: number) => {
    if (top && number > top.pageCount) return null;
    const above = top?.pages.get(number);
    return above === undefined ? main.pages.get(number) : above;
  };
  const root = rootIn(walk(1, page).found);
  const { found, missing } = root === undefined ? { found: [], missing: 1 } : walk(root, page);
  const packages: RpmPackage[] = [];
  let unreadable = missing;
  const below = new Below(main);
  for (const row of found.flatMap((each) => ('rows' in each ? each.rows : []))) {
    const read = row.package ?? (row.isWhole ? undefined : below.packageAt(row));
    if (read) packages.push(read);
    else unreadable++;
  }
  return { packages, unreadable };
}

/**
 * Packages of the main file for rows whose leaf is in the log but whose bytes are partly below. They are as they were:
 * SQLite overwrites in place only what keeps its length, which rpm does to mark files of a package as replaced.
 */
class Below {
  readonly #main: PackageTree;
  #rows: Map<string, RpmPackage> | undefined;

  constructor(main: PackageTree) {
    this.#main = main;
  }

  packageAt(row: Row): RpmPackage | undefined {
    this.#rows ??= new Map(
      [...this.#main.pages.values()]
        .flatMap((page) => (page && 'rows' in page ? page.rows : []))
        .flatMap((each) => (each.package ? [[`${each.rowid} ${each.length}`, each.package] as const] : [])),
    );
    return this.#rows.get(`${row.rowid} ${row.length}`);
  }
}

function grow(pages: Map<number, TreePage>, root: number, source: PageSource, rows: Rows): void {
  const waiting = [root];
  for (let number = waiting.pop(); number !== undefined; number = waiting.pop()) {
    const page = pages.has(number) ? undefined : rows.pageOf(number);
    if (!page) continue;
    pages.set(number, page);
    if ('children' in page) waiting.push(...page.children.filter((child) => source.page(child)));
  }
}

function walk(root: number, pageAt: (number: number) => TreePage | null | undefined) {
  const found: TreePage[] = [];
  let missing = 0;
  const seen = new Set<number>();
  const waiting = [root];
  for (let number = waiting.pop(); number !== undefined; number = waiting.pop()) {
    const page = seen.has(number) ? undefined : pageAt(number);
    seen.add(number);
    if (!page) {
      missing++;
      continue;
    }
    found.push(page);
    if ('children' in page) waiting.push(...page.children.toReversed());
  }
  return { found, missing };
}

function rootIn(pages: readonly TreePage[]): number | undefined {
  const rows = pages.flatMap((page) => ('rows' in page ? page.rows : []));
  return rows.find((row) => row.root !== undefined)?.root;
}

/** Reads rows; each page that continues one is read once, so that all reading together is bounded by the file. */
class Rows {
  readonly #source: PageSource;
  readonly #used = new Set<number>();
  readonly #budget = new ReadingBudget();
  #entriesLeft = maxEntries;
  #scratch = Buffer.alloc(0);

  constructor(source: PageSource) {
    this.#source = source;
  }

  pageOf(number: number): TreePage | undefined {
    const page = this.#entriesLeft > 0 ? tablePage(this.#source, number) : undefined;
    if (!page) return undefined;
    this.#entriesLeft -= 'children' in page ? page.children.length : page.cells.length;
    if ('children' in page) return page;
    return { rows: page.cells.flatMap((cell) => this.#row(cell) ?? []) };
  }

  /** Undefined for rows of other tables. */
  #row(cell: Cell): Row | undefined {
    const { rowid, length } = cell;
    const record = this.#record(cell);
    if (!record) return { rowid, length, isWhole: false };
    const columns = columnsOf(record);
    const blob = columns.at(-1);
    if (blob?.kind === 'blob' || columns.length === 0) {
      const read = blob && packageOfHeader(blob.bytes, this.#budget);
      return { rowid, length, isWhole: true, ...(read && { package: read }) };
    }
    const root = this.#rootOf(columns);
    return root === undefined ? undefined : { rowid, length, isWhole: true, root };
  }

  /** Where the table `Packages` begins, if these are the columns of its row in the schema: type, name, table, root. */
  #rootOf([type, name, , root]: readonly Column[]): number | undefined {
    if (type?.kind !== 'text' || name?.kind !== 'text' || !root) return undefined;
    const { encoding } = this.#source;
    const isPackages = textOf(type, encoding) === 'table' && textOf(name, encoding).toLowerCase() === 'packages';
    return isPackages ? pageNumberOf(root) : undefined;
  }

  /** The whole record, good until the next one is asked for; undefined where pages of it are not there. */
  #record({ local, length, overflow }: Cell): Buffer | undefined {
    if (local.length === length) return local;
    let found = this.#copy(local, 0, length);
    for (let number = overflow; found < length; ) {
      const page = this.#used.has(number) ? undefined : this.#source.page(number);
      if (!page) return undefined;
      this.#used.add(number);
      found += this.#copy(page.subarray(4, this.#source.usableSize), found, length);
      number = page.readUInt32BE(0);
    }
    return this.#scratch.subarray(0, length);
  }

  /** Puts a part of a record into the buffer that all records share, which grows as bytes are there to fill it. */
  #copy(part: Buffer, at: number, length: number): number {
    const needed = at + part.length;
    if (needed > this.#scratch.length) {
      const grown = Buffer.allocUnsafeSlow(needed * 2);
      this.#scratch.copy(grown, 0, 0, at);
      this.#scratch = grown;
    }
    return part.copy(this.#scratch, at, 0, Math.min(part.length, length - at));
  }
}

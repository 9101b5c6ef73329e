import { addRpms, rpmHeader, type SqliteFiles, sqliteFiles, type TestRpm } from '@gabion/testkit/rpm-database';
import { describe, expect, it } from '@jest/globals';
import { packagesIn, treeOfFile, treeOfLog } from './package-tree.ts';

/** Sizes around which records fit a page of any size, and do not. */
const rpms: TestRpm[] = [0, 1, 300, 430, 900, 3_900, 4_000, 4_100, 65_000, 66_000, 200_000].map((padding) => ({
  name: `p${padding}`,
  version: '1',
  release: '1',
  padding,
}));
const many: TestRpm[] = Array.from({ length: 500 }, (_, i) => ({
  name: `m${i}`,
  version: '1',
  release: '1',
  padding: i,
}));

function read({ main, log }: SqliteFiles) {
  const { packages, unreadable } = packagesIn(treeOfFile(main)!, treeOfLog(log));
  return { names: packages.map(({ name }) => name).sort(), unreadable };
}

const names = (of: readonly TestRpm[]) => ({ names: of.map(({ name }) => name).sort(), unreadable: 0 });

describe('packagesIn', () => {
  it.each([512, 1024, 4096, 32768, 65536])('finds what SQLite wrote in pages of %d bytes', (size) => {
    const [files] = sqliteFiles([`page_size = ${size}`], addRpms(...rpms, ...many));
    expect(read(files!)).toEqual(names([...rpms, ...many]));
  });

  it.each([512, 4096, 65536])('finds it in a log of pages of %d bytes, too', (size) => {
    const pragmas = [`page_size = ${size}`, 'journal_mode = WAL', 'wal_autocheckpoint = 0'];
    const [all, fewer] = sqliteFiles(pragmas, addRpms(...rpms, ...many), (db) =>
      db.exec("DELETE FROM 'Packages' WHERE hnum > 400"),
    );
    expect(read(all!)).toEqual(names([...rpms, ...many]));
    expect(read(fewer!)).toEqual(names([...rpms, ...many].slice(0, 400)));
  });

  it.each(['UTF-16le', 'UTF-16be'])('finds the table in a schema of %s', (encoding) => {
    const [files] = sqliteFiles([`encoding = '${encoding}'`], addRpms(...rpms));
    expect(read(files!)).toEqual(names(rpms));
  });

  it('finds the table in a schema of many pages', () => {
    const tables = Array.from({ length: 200 }, (_, i) => `CREATE TABLE t${i} (${'column_of_a_table,'.repeat(20)} x)`);
    const step = addRpms(...rpms);
    const distinct = (sql: string) => {
      let i = 0;
      return sql.replaceAll('column_of_a_table', () => `c${i++}`);
    };
    const [files] = sqliteFiles([], (db) => {
      for (const table of tables) db.exec(distinct(table));
      step(db);
    });
    expect(read(files!)).toEqual(names(rpms));
  });

  it('is not led astray by what was deleted, vacuumed and written anew', () => {
    const steps = sqliteFiles(
      ['journal_mode = WAL', 'wal_autocheckpoint = 0'],
      addRpms(...many),
      (db) => db.exec("DELETE FROM 'Packages' WHERE hnum % 2 = 0"),
      addRpms(...rpms),
      (db) => db.exec('VACUUM'),
      (db) => db.exec('PRAGMA wal_checkpoint(TRUNCATE)'),
    );
    const rest = [...many.filter((_, i) => i % 2 === 0), ...rpms];
    expect(steps.slice(2).map(read)).toEqual([names(rest), names(rest), names(rest)]);
  });

  it('finds a package that was overwritten in place, of which only one page is in the log', () => {
    const large = rpms.at(-1)!;
    const marked = rpmHeader(large);
    // In the description, far behind the first page.
    marked[150_000] = 0x79;
    const [before, after] = sqliteFiles(
      ['journal_mode = WAL', 'wal_autocheckpoint = 0'],
      (db) => {
        addRpms(...rpms)(db);
        db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
      },
      (db) => {
        db.prepare("UPDATE 'Packages' SET blob = ? WHERE hnum = ?").run(marked, rpms.length);
        db.exec("DELETE FROM 'Packages' WHERE hnum = 1");
      },
    );
    expect(read({ main: before!.main, log: after!.log })).toEqual(names(rpms.slice(1)));
    expect(after!.log.length).toBeLessThan(200_000);
  });

  it('tells how many packages a file that is cut off has lost', () => {
    const [files] = sqliteFiles([], addRpms(...rpms));
    const { names: found, unreadable } = read({ main: files!.main.subarray(0, 100_000), log: Buffer.alloc(0) });
    expect(found).toContain('p4100');
    expect(found).not.toContain('p200000');
    expect(unreadable).toBeGreaterThan(0);
  });

  it('ignores a log of another page size', () => {
    const [files] = sqliteFiles([], addRpms(...rpms));
    const [other] = sqliteFiles(['page_size = 512', 'journal_mode = WAL'], addRpms(...many));
    expect(read({ main: files!.main, log: other!.log })).toEqual(names(rpms));
  });
});

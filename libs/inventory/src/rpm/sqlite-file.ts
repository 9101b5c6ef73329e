import type { PageSource, TextEncoding } from './sqlite-page.ts';

const magic = Buffer.from('SQLite format 3\0', 'latin1');

/** Whether these are the bytes of a SQLite database. */
export function isSqlite(file: Buffer): boolean {
  return file.subarray(0, magic.length).equals(magic);
}

/** The pages of a database file, without its log; of a file that is cut off, those that are whole. */
export function pagesOfFile(file: Buffer): PageSource | undefined {
  const header = isSqlite(file) ? headerOf(file) : undefined;
  if (!header) return undefined;
  const { pageSize } = header;
  return {
    ...header,
    page(number) {
      const end = number * pageSize;
      return number < 1 || end > file.length ? undefined : file.subarray(end - pageSize, end);
    },
  };
}

/** What the header at the beginning of page 1 says (section 1.3); undefined where it is not possible. */
export function headerOf(first: Buffer): Omit<PageSource, 'page'> | undefined {
  if (first.length < 100) return undefined;
  // 1 stands for 65536.
  const said = first.readUInt16BE(16);
  const pageSize = said === 1 ? 65536 : said;
  const usableSize = pageSize - first[20]!;
  if (!isPageSize(pageSize) || usableSize < 480) return undefined;
  return { pageSize, usableSize, encoding: encodings[first.readUInt32BE(56)] ?? 'utf8' };
}

export function isPageSize(size: number): boolean {
  return size >= 512 && size <= 65536 && (size & (size - 1)) === 0;
}

const encodings: Readonly<Record<number, TextEncoding>> = { 2: 'utf16le', 3: 'utf16be' };

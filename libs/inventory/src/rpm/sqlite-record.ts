import { type TextEncoding, varint } from './sqlite-page.ts';

/** A column of a record, as its bytes. */
export interface Column {
  readonly kind: 'number' | 'text' | 'blob' | 'null';
  readonly bytes: Buffer;
}

/** Tables that rpm makes have one or two columns, the schema has five. */
const maxColumns = 16;

/** The first columns of a record (section 2.1 of the file format); those whose bytes are not there are left out. */
export function columnsOf(record: Buffer): Column[] {
  const header = varint(record, 0);
  if (!header || header.value > record.length) return [];
  const columns: Column[] = [];
  let at = header.value;
  for (let next = header.end; next < header.value && columns.length < maxColumns; ) {
    const serial = varint(record, next);
    if (!serial) break;
    const length = lengthOf(serial.value);
    if (at + length > record.length) break;
    columns.push({ kind: kindOf(serial.value), bytes: record.subarray(at, at + length) });
    at += length;
    next = serial.end;
  }
  return columns;
}

/** A column of text in the encoding of its database. */
export function textOf({ bytes }: Column, encoding: TextEncoding): string {
  if (encoding === 'utf8') return bytes.toString('utf8');
  const even = bytes.subarray(0, bytes.length & ~1);
  return (encoding === 'utf16le' ? even : Buffer.from(even).swap16()).toString('utf16le');
}

/** A column that is a small positive number, such as a page; 0 for all others. */
export function pageNumberOf({ kind, bytes }: Column): number {
  return kind === 'number' && bytes.length >= 1 && bytes.length <= 4 ? bytes.readUIntBE(0, bytes.length) : 0;
}

const numberLengths = [0, 1, 2, 3, 4, 6, 8, 8, 0, 0];

function lengthOf(serial: number): number {
  return serial < 12 ? (numberLengths[serial] ?? 0) : Math.floor((serial - 12) / 2);
}

function kindOf(serial: number): Column['kind'] {
  if (serial === 0) return 'null';
  if (serial < 12) return 'number';
  return serial % 2 === 0 ? 'blob' : 'text';
}

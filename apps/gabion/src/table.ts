import { type Timestamp, timestampDate } from '@bufbuild/protobuf/wkt';

/** Rows in columns as wide as their widest cell. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((name, column) => Math.max(name.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd();
  return `${[head, ...rows].map(line).join('\n')}\n`;
}

/** The day of a time, UTC; a dash when there is none. */
export function day(time: Timestamp | undefined): string {
  return time ? timestampDate(time).toISOString().slice(0, 10) : '-';
}

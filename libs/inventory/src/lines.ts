const newline = 0x0a;

/** Longest line that is read; of a longer one, which no package manager writes, only the beginning. */
const maxLine = 16 * 1024;

/** The lines of a database, as text; bytes that are not UTF-8 become U+FFFD. */
export function* linesOf(content: Buffer): Generator<string> {
  for (let at = 0; at < content.length; ) {
    const found = content.indexOf(newline, at);
    const end = found === -1 ? content.length : found;
    yield content.toString('utf8', at, Math.min(end, at + maxLine)).replace(/\r$/, '');
    at = end + 1;
  }
}

/** Only the lines that a test keeps, joined again. */
export function keptLines(content: Buffer, keep: (line: string) => boolean): Buffer {
  const kept: string[] = [];
  for (const line of linesOf(content)) if (keep(line)) kept.push(line);
  return Buffer.from(kept.join('\n'));
}

import { terminalText } from './escape.ts';

/** Lays rows out in columns of a terminal; the last columns give way first. Rows come out without trailing spaces. */
export function columns(rows: readonly (readonly string[])[], width: number): string[] {
  const safe = rows.map((row) => row.map(terminalText));
  const count = safe.reduce((most, row) => Math.max(most, row.length), 0);
  const natural = Array.from({ length: count }, (_, i) =>
    safe.reduce((most, row) => Math.max(most, widthOf(row[i] ?? '')), 0),
  );
  const widths = fitted(natural, width - gap.length * Math.max(count - 1, 0));
  return safe.map((row) =>
    row
      .map((cell, i) => padded(cell, widths[i]!))
      .join(gap)
      .trimEnd(),
  );
}

const gap = '  ';
const leastWidth = 8;

function fitted(natural: readonly number[], room: number): number[] {
  const widths = [...natural];
  let over = widths.reduce((sum, each) => sum + each, 0) - room;
  for (let i = widths.length - 1; i >= 0 && over > 0; i--) {
    const taken = Math.min(over, Math.max(0, widths[i]! - Math.max(leastWidth, Math.floor(room / widths.length))));
    widths[i]! -= taken;
    over -= taken;
  }
  return widths;
}

function padded(text: string, width: number): string {
  const own = widthOf(text);
  if (own <= width) return text + ' '.repeat(width - own);
  let cut = '';
  let used = 0;
  for (const char of text) {
    if (used + widthOf(char) > width - 1) break;
    cut += char;
    used += widthOf(char);
  }
  return `${cut}…${' '.repeat(Math.max(0, width - used - 1))}`;
}

/** Cells of a terminal: letters of East Asian scripts and emoji take two, marks that combine none (UAX #11). */
function widthOf(text: string): number {
  let width = 0;
  for (const char of text) width += /\p{M}/u.test(char) ? 0 : wide.test(char) ? 2 : 1;
  return width;
}

const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]/u;

/** Values of a flat YAML mapping: texts and lists of texts. */
export type FlatYaml = ReadonlyMap<string, string | readonly string[]>;

/**
 * Reads the flat form in which GitLab writes its advisories: top-level keys with a double-quoted text (which may go on
 * in the next lines) or a list of such. Answers undefined for any other YAML in the wanted keys, which is then a matter
 * for the full parser; this one is twenty times as fast.
 */
export function readFlatYaml(text: string, wanted: ReadonlySet<string>): FlatYaml | undefined {
  const lines = text.split('\n');
  const values = new Map<string, string | readonly string[]>();
  for (let i = 0; i < lines.length; ) {
    const key = /^([A-Za-z_][A-Za-z0-9_]*):(?: |$)/.exec(lines[i]!)?.[1];
    const end = endOfBlock(lines, i + 1);
    if (key === undefined) {
      if (!/^(?:---)?\s*$/.test(lines[i]!)) return undefined;
      i++;
      continue;
    }
    if (wanted.has(key)) {
      const value = parsedValue(trimBlank(lines[i]!.slice(key.length + 1)), lines.slice(i + 1, end));
      if (value === undefined) return undefined;
      values.set(key, value);
    }
    i = end;
  }
  return values;
}

function endOfBlock(lines: readonly string[], start: number): number {
  let end = start;
  while (end < lines.length && /^(?:[ -]|$)/.test(lines[end]!) && lines[end] !== '---') end++;
  return end;
}

function parsedValue(first: string, more: readonly string[]): string | readonly string[] | undefined {
  if (first === '[]') return [];
  if (first !== '') return quoted([first, ...more]);
  const items: string[] = [];
  for (const line of more) {
    if (trimBlank(line) === '') continue;
    const item = line.startsWith('- ') ? quoted([line.slice(2)]) : undefined;
    if (item === undefined) return undefined;
    items.push(item);
  }
  return items;
}

// Line folding of YAML 1.2.2, section 7.3.1: a break is a space, empty lines are breaks, `\` at the end joins.
function quoted(lines: readonly string[]): string | undefined {
  const parts: string[] = [];
  let breaks = 0;
  for (const line of lines) {
    const part = trimBlank(line);
    if (part === '' && parts.length > 0) {
      breaks++;
      continue;
    }
    const last = parts.at(-1);
    if (last !== undefined) {
      // A joined line may keep its leading blanks by an escape; that is left to the full parser.
      if (endsEscaped(last)) return undefined;
      parts.push(breaks > 0 ? '\\n'.repeat(breaks) : ' ');
    }
    parts.push(part);
    breaks = 0;
  }
  return jsonText(parts.join(''));
}

// JSON strings are double-quoted YAML; escapes that JSON does not know go to the full parser.
function jsonText(text: string): string | undefined {
  if (!text.startsWith('"') || !text.endsWith('"')) return undefined;
  try {
    const value: unknown = JSON.parse(text.replaceAll('\t', '\\t'));
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}

function endsEscaped(text: string): boolean {
  let start = text.length;
  while (start > 0 && text[start - 1] === '\\') start--;
  return (text.length - start) % 2 === 1;
}

// YAML's blanks are space and tab only; String.trim would take no-break spaces from the text.
function trimBlank(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && isBlank(text[start])) start++;
  while (end > start && isBlank(text[end - 1])) end--;
  return text.slice(start, end);
}

function isBlank(character: string | undefined): boolean {
  return character === ' ' || character === '\t' || character === '\r';
}

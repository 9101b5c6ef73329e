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
      const value = parsedValue(lines[i]!.slice(key.length + 1).trim(), lines.slice(i + 1, end));
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
    if (line.trim() === '') continue;
    const item = line.startsWith('- ') ? quoted([line.slice(2).trim()]) : undefined;
    if (item === undefined) return undefined;
    items.push(item);
  }
  return items;
}

// Line folding of YAML 1.2.2, section 7.3.1: a break is a space, empty lines are breaks, `\` at the end joins.
function quoted(lines: readonly string[]): string | undefined {
  let joined = lines[0]!;
  let breaks = 0;
  for (const line of lines.slice(1)) {
    const part = line.trim();
    if (part === '') {
      breaks++;
      continue;
    }
    const isJoined = /(?:^|[^\\])(?:\\\\)*\\$/.test(joined);
    if (isJoined && breaks > 0) return undefined;
    joined = isJoined
      ? joined.slice(0, -1) + part.replace(/^\\ /, ' ')
      : joined.trimEnd() + (breaks > 0 ? '\\n'.repeat(breaks) : ' ') + part;
    breaks = 0;
  }
  // JSON strings are double-quoted YAML; escapes that JSON does not know go to the full parser.
  if (!joined.startsWith('"') || !joined.endsWith('"')) return undefined;
  try {
    const value: unknown = JSON.parse(joined.replaceAll('\t', '\\t'));
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}

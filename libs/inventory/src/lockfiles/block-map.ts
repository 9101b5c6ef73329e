import type { Fields } from '../document.ts';
import { linesOf } from '../lines.ts';

/** Deepest indentation that is followed. */
const maxDepth = 20;

interface Level {
  readonly indent: number;
  readonly fields: Record<string, unknown>;
}

/**
 * The nested mappings of a YAML file in the block style that tools write lock files in: one `key: value` on a line. All
 * values are text; lists, inline collections and folded text are passed over. A parser of all of YAML takes a second and
 * a hundred megabytes for one megabyte of pnpm's, and can be made to take half a minute; this takes 30 ms.
 */
export function blockMapOf(content: Buffer): Fields {
  const root: Level = { indent: -1, fields: fresh() };
  const open: Level[] = [root];
  for (const line of linesOf(content)) {
    const indent = line.search(/[^ ]/);
    if (indent === -1 || /^(?:[#-]|: )/.test(line.slice(indent, indent + 2))) continue;
    while (open.length > 1 && open.at(-1)!.indent >= indent) open.pop();
    const [key, value] = entryOf(line.slice(indent)) ?? [];
    if (key === undefined) continue;
    const below = open.at(-1)!.fields;
    const fields = fresh();
    below[key] = value === '' ? fields : value;
    // Deeper lines of a key with a value are its folded text: they go nowhere.
    if (open.length <= maxDepth) open.push({ indent, fields });
  }
  return root.fields;
}

/** Without a prototype, so that no key means anything. */
function fresh(): Record<string, unknown> {
  return Object.create(null) as Record<string, unknown>;
}

/** `key: value`, `'key': "value"`, `? key` for a long one; a colon inside of a key is not followed by a blank. */
function entryOf(text: string): [key: string, value: string] | undefined {
  if (text.startsWith('? ')) return [unquoted(text.slice(2).trim()), ''];
  const quote = text[0] === "'" || text[0] === '"' ? text[0] : undefined;
  const end = quote ? text.indexOf(`${quote}:`, 1) + 1 : endOfPlainKey(text);
  if (end <= 0) return undefined;
  return [unquoted(text.slice(0, end)), unquoted(text.slice(end + 1).trim())];
}

function endOfPlainKey(text: string): number {
  const colon = text.indexOf(': ');
  if (colon !== -1) return colon;
  return text.endsWith(':') ? text.length - 1 : -1;
}

function unquoted(text: string): string {
  const isQuoted = text.length > 1 && (text[0] === "'" || text[0] === '"') && text.at(-1) === text[0];
  if (isQuoted) return text.slice(1, -1);
  const comment = text.indexOf(' #');
  return comment === -1 ? text : text.slice(0, comment).trimEnd();
}

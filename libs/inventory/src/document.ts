import { type SaxesAttributeNS, SaxesParser, type SaxesTagNS } from 'saxes';
import { parse as parseTomlText } from 'smol-toml';

/** Most levels of nesting in a document; npm's lock files of version 1 are the deepest that tools write. */
const maxDepth = 100;

export type Fields = Readonly<Record<string, unknown>>;

/** The text of a file without a byte order mark; bytes that are not UTF-8 become U+FFFD. */
export function textOf(content: Buffer): string {
  const isUtf16 = content[0] === 0xff && content[1] === 0xfe;
  return content.toString(isUtf16 ? 'utf16le' : 'utf8').replace(/^\uFEFF/, '');
}

/** A JSON document, nested at most 100 deep. */
export function jsonOf(content: Buffer): unknown {
  const text = textOf(content);
  checkDepth(text);
  return JSON.parse(text);
}

/** A TOML document, nested at most 100 deep, in brackets and in dotted keys. */
export function tomlOf(content: Buffer): Fields {
  const text = textOf(content);
  checkDottedKeys(text);
  return parseTomlText(text, { maxDepth });
}

/** An element of an XML document with its text, its attributes and its children. */
export interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: Element[];
  text: string;
}

/** An XML document without namespaces' prefixes, nested at most 100 deep; entities that a DTD declares are refused. */
export function xmlOf(content: Buffer): Element {
  const root: Element = { name: '', attributes: {}, children: [], text: '' };
  const open = [root];
  const parser = new SaxesParser({ xmlns: true });
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', ({ local, attributes }: SaxesTagNS) => {
    if (open.length > maxDepth) throw new RangeError(`nested over ${maxDepth} deep`);
    const element = { name: local, attributes: plain(attributes), children: [], text: '' };
    open.at(-1)!.children.push(element);
    open.push(element);
  });
  parser.on('closetag', () => open.pop());
  const addText = (text: string) => {
    open.at(-1)!.text += text;
  };
  parser.on('text', addText);
  parser.on('cdata', addText);
  parser.write(textOf(content)).close();
  return root.children[0] ?? root;
}

function plain(attributes: Readonly<Record<string, SaxesAttributeNS>>): Record<string, string> {
  return Object.fromEntries(Object.values(attributes).map(({ local, value }) => [local, value]));
}

/** The value as an object's fields; of anything else none. */
export function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function textIn(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** The document must be an object; what a file of the format always is. */
export function objectOf(value: unknown): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new TypeError('is not an object');
  return value as Fields;
}

function checkDepth(text: string): void {
  let depth = 0;
  let isString = false;
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i);
    if (isString) {
      if (char === 0x5c) i++;
      else if (char === 0x22) isString = false;
    } else if (char === 0x22) isString = true;
    else if (char === 0x7b || char === 0x5b) {
      if (++depth > maxDepth) throw new RangeError(`nested over ${maxDepth} deep`);
    } else if (char === 0x7d || char === 0x5d) depth--;
  }
}

/** The parser of TOML makes a table for each dot of a key. */
function checkDottedKeys(text: string): void {
  let dots = 0;
  let isString = false;
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i);
    if (char === 0x0a) {
      dots = 0;
      isString = false;
    } else if (char === 0x22 || char === 0x27) isString = !isString;
    else if (char === 0x2e && !isString && ++dots > maxDepth) throw new RangeError(`a key of over ${maxDepth} parts`);
  }
}

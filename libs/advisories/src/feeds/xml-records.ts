import { SaxesParser } from 'saxes';
import { AdvisoryError } from '../advisory-error.ts';

/** An element of a record, names without their prefix. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: XmlElement[];
  /** The element's own text. */
  text: string;
}

const maxDepth = 100;
// The kernel's errata of ten years list 20,000 packages in one record.
const maxElements = 500_000;
const maxTextLength = 16 * 1024 ** 2;

/**
 * Reads records out of XML that comes in pieces: each element of one of the names is handed over whole, all else is
 * passed by. Document types are refused, so no entity is ever expanded but the five of XML. Throws AdvisoryError.
 */
export class XmlRecords {
  readonly #parser = new SaxesParser({ xmlns: false, position: false });
  readonly #open: XmlElement[] = [];
  #depth = 0;
  #elements = 0;
  #characters = 0;

  constructor(
    isRecord: (name: string, attributes: XmlElement['attributes']) => boolean,
    take: (record: XmlElement) => void,
  ) {
    this.#parser.on('error', (error) => {
      throw new AdvisoryError('xml_refused', error.message.slice(0, 200));
    });
    this.#parser.on('doctype', () => {
      throw new AdvisoryError('xml_refused', 'a feed has no document type');
    });
    this.#parser.on('opentag', (tag) => {
      const name = localName(tag.name);
      if (++this.#depth > maxDepth) throw new AdvisoryError('xml_refused', `XML nests at most ${maxDepth} deep`);
      const attributes = tag.attributes as Record<string, string>;
      if (this.#open.length > 0 || isRecord(name, attributes))
        this.#begin({ name, attributes, children: [], text: '' });
    });
    this.#parser.on('text', (text) => this.#text(text));
    this.#parser.on('cdata', (text) => this.#text(text));
    this.#parser.on('closetag', () => {
      this.#depth--;
      const closed = this.#open.pop();
      if (!closed || this.#open.length > 0) return;
      [this.#elements, this.#characters] = [0, 0];
      take(closed);
    });
  }

  write(text: string): void {
    this.#parser.write(text);
  }

  end(): void {
    this.#parser.close();
  }

  #begin(element: XmlElement): void {
    if (++this.#elements > maxElements)
      throw new AdvisoryError('xml_refused', `a record has at most ${maxElements} elements`);
    this.#open.at(-1)?.children.push(element);
    this.#open.push(element);
  }

  #text(text: string): void {
    const element = this.#open.at(-1);
    if (!element) return;
    this.#characters += text.length;
    if (this.#characters > maxTextLength) throw new AdvisoryError('xml_refused', 'a record has too much text');
    element.text += text;
  }
}

/** The children of a name. */
export function childrenOf(element: XmlElement | undefined, name: string): XmlElement[] {
  return element?.children.filter((child) => child.name === name) ?? [];
}

/** The first element down a path of names. */
export function descendant(element: XmlElement | undefined, ...path: readonly string[]): XmlElement | undefined {
  return path.reduce((at: XmlElement | undefined, name) => at?.children.find((child) => child.name === name), element);
}

/** The text of the first element down a path of names, blanks around it left out. */
export function textAt(element: XmlElement | undefined, ...path: readonly string[]): string {
  return descendant(element, ...path)?.text.trim() ?? '';
}

function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}

import type { Advisory } from '../advisory.ts';
import { type Contents, contents, type Origin } from './json-document.ts';
import { OvalDocument } from './oval.ts';
import { readUpdate } from './updateinfo.ts';
import { XmlRecords } from './xml-records.ts';

/** Whether the text begins an XML document. */
export function isXml(text: string): boolean {
  return /^\uFEFF?\s*<(?:\?xml|[A-Za-z_])/.test(text.slice(0, 200));
}

/** Reads errata (updateinfo) or an OVAL document that comes in pieces. Throws AdvisoryError. */
export class XmlFeed {
  readonly #origin: Origin;
  readonly #oval = new OvalDocument();
  readonly #records: XmlRecords;
  #waiting: Advisory[] = [];
  #kind: 'oval' | 'updateinfo' | undefined;

  constructor(origin: Origin) {
    this.#origin = origin;
    this.#records = new XmlRecords(
      (name) => name === 'update' || OvalDocument.isRecord(name),
      (record) => {
        if (record.name !== 'update') {
          this.#kind ??= 'oval';
          this.#oval.take(record);
          return;
        }
        this.#kind ??= 'updateinfo';
        const advisory = readUpdate(record, origin.source, origin.ecosystem);
        if (advisory) this.#waiting.push(advisory);
      },
    );
  }

  /** Takes a piece of the text; answers the errata that are complete with it. */
  write(text: string): readonly Advisory[] {
    this.#records.write(text);
    return this.#waiting.splice(0);
  }

  /** Ends the text; answers what could not be known before. */
  *end(): Generator<Advisory> {
    this.#records.end();
    yield* this.#waiting.splice(0);
    yield* this.#oval.advisories(this.#origin.source, this.#origin.ecosystem);
  }

  /** The format, once a record was seen. */
  get format(): 'oval' | 'updateinfo' | undefined {
    return this.#kind;
  }

  /** Reads a whole text; undefined where it is neither form. */
  static read(text: string, origin: Origin): Contents | undefined {
    const feed = new XmlFeed(origin);
    const advisories = [...feed.write(text), ...feed.end()];
    return feed.format && contents(feed.format, { advisories });
  }
}

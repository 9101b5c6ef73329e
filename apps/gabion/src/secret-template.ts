/** A secret that a template asks for. */
export interface SecretWish {
  readonly path: string;
  readonly name: string;
  readonly filters: readonly TemplateFilter[];
  readonly place: TemplatePlace;
}

/** Where in a template something stands, each from 1. */
export interface TemplatePlace {
  readonly line: number;
  readonly column: number;
}

export type TemplateFilter = 'base64' | 'json' | 'trim';

export type TemplatePiece = string | SecretWish;

/** What is wrong with a template, and where. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';

  constructor(
    readonly place: TemplatePlace,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

const quoted = '"((?:[^"\\\\\\n]|\\\\["\\\\])*)"';
const expression = new RegExp(`^\\s*(?:secret\\s+${quoted}\\s+${quoted}((?:\\s*\\|\\s*[a-z0-9]+)*)|${quoted})\\s*$`);
const filters: readonly string[] = ['base64', 'json', 'trim'] satisfies readonly TemplateFilter[];

/**
 * The pieces of a template: text as it is, and what stands between "{{" and "}}": `secret "path" "name"`, perhaps with
 * filters behind "|", or a text in quotes, for braces of its own. Throws TemplateError.
 */
export function piecesOf(template: string): TemplatePiece[] {
  const pieces: TemplatePiece[] = [];
  for (let at = 0; at < template.length; ) {
    const open = template.indexOf('{{', at);
    if (open < 0) return [...pieces, template.slice(at)];
    pieces.push(template.slice(at, open));
    const place = placeOf(template, open);
    const close = closeOf(template, open + 2);
    if (close < 0) throw new TemplateError(place, 'template_malformed', 'the "{{" is not closed');
    pieces.push(pieceIn(template.slice(open + 2, close), place));
    at = close + 2;
  }
  return pieces;
}

/** The next "}}" that is not within quotes. */
function closeOf(template: string, from: number): number {
  let isQuoted = false;
  for (let at = from; at < template.length; at++) {
    if (isQuoted && template[at] === '\\') at++;
    else if (template[at] === '"') isQuoted = !isQuoted;
    else if (!isQuoted && template.startsWith('}}', at)) return at;
  }
  return -1;
}

function pieceIn(text: string, place: TemplatePlace): TemplatePiece {
  const found = expression.exec(text);
  if (!found)
    throw new TemplateError(
      place,
      'template_malformed',
      'between braces stands secret "path" "name", or a text in quotes',
    );
  const [, path, name, asked = '', literal] = found;
  if (path === undefined || name === undefined) return unquoted(literal ?? '');
  const names = asked.split('|').flatMap((each) => each.trim() || []);
  const unknown = names.find((each) => !filters.includes(each));
  if (unknown !== undefined)
    throw new TemplateError(place, 'template_malformed', `there is no filter ${unknown}: ${filters.join(', ')}`);
  return { path: unquoted(path), name: unquoted(name), filters: names as TemplateFilter[], place };
}

function unquoted(text: string): string {
  return text.replaceAll(/\\(.)/g, '$1');
}

function placeOf(template: string, at: number): TemplatePlace {
  const before = template.slice(0, at).split('\n');
  return { line: before.length, column: (before.at(-1) ?? '').length + 1 };
}

/** The values of a secret by name; undefined for a path that is not there. */
export type SecretsByPath = ReadonlyMap<string, Readonly<Record<string, Uint8Array>>>;

/** The template with its secrets, byte for byte. Throws TemplateError. */
export function rendered(pieces: readonly TemplatePiece[], secrets: SecretsByPath): Buffer {
  return Buffer.concat(
    pieces.map((piece) => (typeof piece === 'string' ? Buffer.from(piece) : filtered(piece, valueIn(piece, secrets)))),
  );
}

function valueIn({ path, name, place }: SecretWish, secrets: SecretsByPath): Buffer {
  const data = secrets.get(path) ?? {};
  const value = Object.hasOwn(data, name) ? data[name] : undefined;
  if (value === undefined)
    throw new TemplateError(
      place,
      'secret_key_missing',
      `${path} has no value ${name}: ${Object.keys(data).join(', ')}`,
    );
  return Buffer.from(value);
}

function filtered({ filters: wanted, place, path, name }: SecretWish, value: Buffer): Buffer {
  return wanted.reduce((bytes, filter) => {
    switch (filter) {
      case 'base64':
        return Buffer.from(bytes.toString('base64'));
      case 'trim':
        // Byte for byte: a value need not be text.
        return Buffer.from(bytes.toString('latin1').replaceAll(/^[\t-\r ]+|[\t-\r ]+$/g, ''), 'latin1');
      case 'json': {
        const text = bytes.toString('utf8');
        if (Buffer.from(text).equals(bytes)) return Buffer.from(JSON.stringify(text));
        throw new TemplateError(place, 'value_not_text', `${name} of ${path} is not UTF-8: use base64`);
      }
      default:
        throw filter satisfies never;
    }
  }, value);
}

import { KeyError } from './key-error.ts';

/** A type by its object identifier, and its value. */
export interface NameAttribute {
  readonly type: string;
  readonly value: string;
}

/** RFC 4514 section 3, and what certificates have beside; compared without regard to case. */
const types: ReadonlyMap<string, string> = new Map([
  ['CN', '2.5.4.3'],
  ['SN', '2.5.4.4'],
  ['SERIALNUMBER', '2.5.4.5'],
  ['C', '2.5.4.6'],
  ['L', '2.5.4.7'],
  ['ST', '2.5.4.8'],
  ['STREET', '2.5.4.9'],
  ['O', '2.5.4.10'],
  ['OU', '2.5.4.11'],
  ['T', '2.5.4.12'],
  ['G', '2.5.4.42'],
  ['I', '2.5.4.43'],
  ['UID', '0.9.2342.19200300.100.1.1'],
  ['DC', '0.9.2342.19200300.100.1.25'],
  ['E', '1.2.840.113549.1.9.1'],
]);
const numericOid = /^[0-2](?:\.(?:0|[1-9][0-9]{0,8})){1,15}$/;
/** One attribute and the separator behind it; what RFC 4514 has escaped stands nowhere else. */
const attribute = /([A-Za-z]+|[0-9.]+) *= *((?!#)(?:[^\\,+";<>]|\\(?:[ "#+,;<=>\\]|[0-9A-Fa-f]{2}))*)([,+]?) */uy;
const character = /\\([0-9A-Fa-f]{2})|\\(.)|[^\\]/gu;
const maxLength = 4096;

/**
 * Reads a distinguished name (RFC 4514) as relative names of one or more attributes; spaces around separators are left
 * out. Every character of it is read or it is `subject_malformed`: what were left out would be missing in a certificate.
 * Values as hexadecimal (`#`) are not taken.
 */
export function distinguishedName(text: string): NameAttribute[][] {
  if (text.length > maxLength || !text.isWellFormed()) throw malformed();
  const names: NameAttribute[][] = [[]];
  for (let at = 0, separator = ','; separator !== ''; ) {
    attribute.lastIndex = at;
    const match = attribute.exec(text);
    if (!match) throw malformed();
    at = attribute.lastIndex;
    if (separator === ',') names.push([]);
    names.at(-1)?.push({ type: typeOf(match[1] as string), value: unescaped(match[2] as string) });
    separator = match[3] as string;
    if (separator === '' && at !== text.length) throw malformed();
  }
  return names.slice(1);
}

function typeOf(name: string): string {
  const oid = types.get(name.toUpperCase()) ?? (numericOid.test(name) ? name : undefined);
  // X.660: below the arcs 0 and 1 there are 40 numbers.
  const [arc, second] = (oid ?? '').split('.').map(Number);
  if (oid === undefined || (arc !== 2 && (second as number) > 39)) throw malformed();
  return oid;
}

/** Escapes are of single bytes of UTF-8. */
function unescaped(escaped: string): string {
  const characters = [...escaped.matchAll(character)];
  // Spaces at the end are left out unless they are escaped.
  while (characters.at(-1)?.[0] === ' ') characters.pop();
  const bytes = characters.map(([plain, hex, special]) =>
    hex ? Buffer.from(hex, 'hex') : Buffer.from(special ?? plain),
  );
  const value = decoded(Buffer.concat(bytes));
  if (value === '' || /\p{Cc}/u.test(value)) throw malformed();
  return value;
}

function decoded(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw malformed();
  }
}

function malformed(): KeyError {
  return new KeyError('subject_malformed', 'the subject is no distinguished name (RFC 4514)');
}

import { Fault } from '@gabion/rpc/fault';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Deeper than any message of the contract; shallow enough that no reader's stack is at risk. */
const maxDepth = 64;
/** Far more than any message of the contract; 4 MiB of empty objects are a million messages, which take seconds to make. */
const maxValues = 200_000;

/**
 * Reads a body of JSON (RFC 8259) as strictly as I-JSON (RFC 7493) asks: UTF-8, no key twice, no number that a double
 * would change. Throws a Fault that says what is wrong.
 */
export function readJson(bytes: Uint8Array): Json {
  const text = decode(bytes);
  assertFewValues(text);
  const value = parse(text);
  check(text);
  return value;
}

function parse(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (cause) {
    throw new Fault('invalid_argument', `the body is not JSON: ${short((cause as Error).message)}`, {
      code: 'json_malformed',
      cause,
    });
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function decode(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw new Fault('invalid_argument', 'the body is not UTF-8', { code: 'json_malformed', cause });
  }
}

const quote = 0x22;
const backslash = 0x5c;
const beginnings = new Set([...'{[,'].map((character) => character.charCodeAt(0)));

/** Counted before anything is made of them; the text need not be JSON. */
function assertFewValues(text: string): void {
  let values = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === quote) at = endOfString(text, at + 1);
    else if (beginnings.has(code) && ++values > maxValues)
      throw new Fault('invalid_argument', `the body has more than ${maxValues} values`, {
        code: 'json_too_many_values',
      });
  }
}

/**
 * Walks the tokens of a text that is JSON. By hand and in one pass: an expression over strings of megabytes would need
 * a stack as large.
 */
function check(text: string): void {
  const open: (Set<string> | undefined)[] = [];
  let isKey = false;
  for (let at = 0; at < text.length; at++) {
    switch (text[at]) {
      case '{':
      case '[':
        isKey = text[at] === '{';
        if (open.push(isKey ? new Set() : undefined) > maxDepth)
          throw new Fault('invalid_argument', `the body is nested deeper than ${maxDepth}`, { code: 'json_too_deep' });
        break;
      case '}':
      case ']':
        open.pop();
        break;
      case ',':
        isKey = open.at(-1) !== undefined;
        break;
      case '"': {
        const end = endOfString(text, at + 1);
        if (isKey) checkKey(text.slice(at, end + 1), open.at(-1));
        isKey = false;
        at = end;
        break;
      }
      default: {
        const end = endOfNumber(text, at);
        if (end > at) checkNumber(text.slice(at, end));
        if (end > at) at = end - 1;
      }
    }
  }
}

function endOfString(text: string, from: number): number {
  let at = from;
  while (at < text.length && text.charCodeAt(at) !== quote) at += text.charCodeAt(at) === backslash ? 2 : 1;
  return at;
}

/** The end of the number that starts here; `from` where none does. */
function endOfNumber(text: string, from: number): number {
  let at = from;
  while (at < text.length && '0123456789+-.eE'.includes(text.charAt(at)) && (at > from || isNumberStart(text, at)))
    at++;
  return at;
}

function isNumberStart(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code === 0x2d || (code >= 0x30 && code <= 0x39);
}

function checkKey(quoted: string, keys: Set<string> | undefined): void {
  const key = quoted.includes('\\') ? (JSON.parse(quoted) as string) : quoted.slice(1, -1);
  if (keys?.has(key))
    throw new Fault('invalid_argument', `the key "${short(key)}" stands twice`, {
      code: 'json_duplicate_key',
      fields: [{ field: short(key), code: 'duplicate', message: 'stands twice in one object' }],
    });
  keys?.add(key);
}

/** A whole number beyond 2^53 would be changed by a double: the JSON form of proto3 writes those as strings. */
function checkNumber(text: string): void {
  const value = Number(text);
  const isChanged = /^-?[0-9]+$/.test(text) && !Number.isSafeInteger(value);
  if (isChanged || value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY)
    throw new Fault('invalid_argument', `the number ${short(text)} is too large; write 64-bit numbers as strings`, {
      code: 'json_number_too_large',
    });
}

function short(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

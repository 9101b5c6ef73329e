import { OciError } from './oci-error.ts';

/** A JSON object of the outside whose fields are read one by one, each naming itself in the error. */
export class JsonObject {
  readonly #fields: Readonly<Record<string, unknown>>;
  readonly #what: string;

  constructor(value: unknown, what: string) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(what, 'is not an object');
    this.#fields = value as Record<string, unknown>;
    this.#what = what;
  }

  text(name: string): string {
    return this.optionalText(name) ?? this.#missing(name);
  }

  optionalText(name: string): string | undefined {
    const value = this.#get(name);
    if (value === undefined || typeof value === 'string') return value;
    throw wrong(`${this.#what}.${name}`, 'is not a string');
  }

  count(name: string): number {
    const value = this.#get(name) ?? this.#missing(name);
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
    throw wrong(`${this.#what}.${name}`, 'is not a whole number');
  }

  flag(name: string): boolean {
    return this.#get(name) === true;
  }

  object(name: string): JsonObject {
    return this.optionalObject(name) ?? this.#missing(name);
  }

  optionalObject(name: string): JsonObject | undefined {
    const value = this.#get(name);
    return value === undefined ? undefined : new JsonObject(value, `${this.#what}.${name}`);
  }

  /** The elements of an array of at most `most`; an absent one is empty. */
  list<T>(name: string, most: number, read: (element: unknown, what: string) => T): T[] {
    const value = this.#get(name) ?? [];
    const what = `${this.#what}.${name}`;
    if (!Array.isArray(value)) throw wrong(what, 'is not an array');
    if (value.length > most) throw wrong(what, `has over ${most} elements`);
    return value.map((element, index) => read(element, `${what}[${index}]`));
  }

  /** The entries of an object, or none. */
  entries(name: string): [key: string, value: unknown][] {
    const value = this.#get(name);
    return value === undefined ? [] : Object.entries(new JsonObject(value, `${this.#what}.${name}`).#fields);
  }

  /** The field as it is; what it holds is the caller's to judge. */
  raw(name: string): unknown {
    return this.#get(name);
  }

  // Go's encoders write null for what is absent.
  #get(name: string): unknown {
    return Object.hasOwn(this.#fields, name) ? (this.#fields[name] ?? undefined) : undefined;
  }

  #missing(name: string): never {
    throw wrong(this.#what, `has no ${name}`);
  }
}

/** A string element of a list. */
export function asText(value: unknown, what: string): string {
  if (typeof value !== 'string') throw wrong(what, 'is not a string');
  return value;
}

/** Parses a JSON document of the outside: valid UTF-8 and nested at most 64 deep. */
export function parseJson(bytes: Uint8Array, what: string): unknown {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    checkDepth(text, what);
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof OciError) throw error;
    throw new OciError('manifest_invalid', `${what} is not JSON`, { cause: error });
  }
}

const maxDepth = 64;

function checkDepth(text: string, what: string): void {
  let depth = 0;
  let isString = false;
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i);
    if (isString) {
      if (char === 0x5c) i++;
      else if (char === 0x22) isString = false;
    } else if (char === 0x22) isString = true;
    else if (char === 0x7b || char === 0x5b) {
      if (++depth > maxDepth) throw wrong(what, `is nested over ${maxDepth} deep`);
    } else if (char === 0x7d || char === 0x5d) depth--;
  }
}

function wrong(what: string, is: string): OciError {
  return new OciError('manifest_invalid', `${what} ${is}`);
}

import { SecretError } from './secret-error.ts';
import { matchBytes, type SecretRule } from './secret-rule.ts';

/** Most ways in which a pattern may try to match at one place. */
const maxWays = 1_000_000;

/**
 * Proves that no text makes a rule slow: the number of ways in which its pattern can try to match at one place is
 * bounded. Each repetition that may end in several places counts as many times as it has lengths, unless what follows
 * can begin with none of its characters, so that it ends in one place only. Throws SecretError `rule_unsafe`.
 */
export function checkRule(rule: SecretRule): void {
  const ways = waysOf(rule.pattern.source, rule.pattern.ignoreCase);
  if (ways > maxWays)
    throw new SecretError('rule_unsafe', `${rule.id}: the pattern can try ${ways.toExponential(0)} ways at one place`);
  if (rule.keywords.length === 0 || rule.keywords.some((keyword) => keyword.length < 2))
    throw new SecretError('rule_unsafe', `${rule.id}: it needs keywords of two characters at least`);
}

/** In how many ways a pattern can try to match at one place, at most. */
export function waysOf(source: string, ignoreCase: boolean): number {
  const reader = new PatternReader(source, ignoreCase);
  return reader.read().ways(new Set());
}

/** Codes of bytes that a match can begin with; characters beyond are taken for any. */
type Bytes = ReadonlySet<number>;

/** A part of a pattern. `then` are the bytes that what follows can begin with. */
interface Part {
  ways(then: Bytes): number;
  readonly first: Bytes;
  readonly canBeEmpty: boolean;
  /** Lengths that it can have, at most. */
  readonly repeats: boolean;
}

const all: Bytes = new Set(Array.from({ length: 256 }, (_, code) => code));

class Atom implements Part {
  readonly canBeEmpty = false;
  readonly repeats = false;

  constructor(readonly first: Bytes) {}

  ways(): number {
    return 1;
  }
}

/** Matches between characters: `^`, `\b`, a look around. */
const assertion: Part = { first: new Set(), canBeEmpty: true, repeats: false, ways: () => 1 };

class Sequence implements Part {
  readonly first: Bytes;
  readonly canBeEmpty: boolean;
  readonly repeats: boolean;

  constructor(private readonly parts: readonly Part[]) {
    this.first = firstOf(parts, new Set());
    this.canBeEmpty = parts.every((part) => part.canBeEmpty);
    this.repeats = parts.some((part) => part.repeats);
  }

  ways(then: Bytes): number {
    return this.parts.reduce((product, part, at) => product * part.ways(firstOf(this.parts.slice(at + 1), then)), 1);
  }
}

function firstOf(parts: readonly Part[], then: Bytes): Bytes {
  const first = new Set<number>();
  for (const part of parts) {
    for (const code of part.first) first.add(code);
    if (!part.canBeEmpty) return first;
  }
  return new Set([...first, ...then]);
}

class Choice implements Part {
  readonly first: Bytes;
  readonly canBeEmpty: boolean;
  readonly repeats: boolean;

  constructor(private readonly options: readonly Part[]) {
    this.first = new Set(options.flatMap((option) => [...option.first]));
    this.canBeEmpty = options.some((option) => option.canBeEmpty);
    this.repeats = options.some((option) => option.repeats);
  }

  ways(then: Bytes): number {
    return this.options.reduce((sum, option) => sum + option.ways(then), 0);
  }
}

class Repetition implements Part {
  readonly first: Bytes;
  readonly canBeEmpty: boolean;
  readonly repeats = true;

  constructor(
    private readonly part: Part,
    private readonly least: number,
    private readonly most: number,
  ) {
    this.first = part.first;
    this.canBeEmpty = least === 0 || part.canBeEmpty;
  }

  ways(then: Bytes): number {
    // One round may be followed by another one.
    const inside = this.part.ways(new Set([...then, ...this.part.first]));
    const lengths = isDisjoint(this.part.first, then) ? 1 : this.most - this.least + 1;
    return inside === 1 ? lengths : lengths * inside ** this.most;
  }
}

function isDisjoint(a: Bytes, b: Bytes): boolean {
  for (const code of a) if (b.has(code)) return false;
  return true;
}

/** Reads the expressions that rules are written in; refuses what its proof does not cover: back references. */
class PatternReader {
  #at = 0;

  constructor(
    private readonly source: string,
    private readonly ignoreCase: boolean,
  ) {}

  read(): Part {
    const part = this.#choice();
    if (this.#at < this.source.length) throw this.#unsafe('an unexpected )');
    return part;
  }

  #choice(): Part {
    const options = [this.#sequence()];
    while (this.#take('|')) options.push(this.#sequence());
    return options.length === 1 ? options[0]! : new Choice(options);
  }

  #sequence(): Part {
    const parts: Part[] = [];
    while (this.#at < this.source.length && !/[|)]/.test(this.source[this.#at]!))
      parts.push(this.#repeated(this.#single()));
    return new Sequence(parts);
  }

  #repeated(part: Part): Part {
    const found = /^(?:[*+?]|\{(\d+)(,?)(\d*)\})\??/.exec(this.source.slice(this.#at, this.#at + 20));
    if (!found) return part;
    this.#at += found[0].length;
    const [text, least, comma, most] = found;
    if (text.startsWith('?')) return new Repetition(part, 0, 1);
    if (text.startsWith('*')) return new Repetition(part, 0, matchBytes);
    if (text.startsWith('+')) return new Repetition(part, 1, matchBytes);
    const from = Number(least);
    return new Repetition(part, from, comma === '' ? from : most === '' ? matchBytes : Number(most));
  }

  #single(): Part {
    const char = this.source[this.#at++]!;
    if (char === '(') return this.#group();
    if (char === '[') return new Atom(this.#class());
    if (char === '.') return new Atom(all);
    if (char === '^' || char === '$') return assertion;
    if (char !== '\\') return new Atom(this.#cased(char.charCodeAt(0)));
    if (this.#take('b') || this.#take('B')) return assertion;
    return new Atom(this.#escape());
  }

  #group(): Part {
    const [opening = ''] = /^\?(?:<?[=!]|:|<\w+>|[ims-]+:)/.exec(this.source.slice(this.#at, this.#at + 40)) ?? [];
    this.#at += opening.length;
    const inner = this.#choice();
    if (!this.#take(')')) throw this.#unsafe('a group that does not end');
    return /^\?<?[=!]/.test(opening) ? { ...assertion, ways: () => inner.ways(new Set()) } : inner;
  }

  #class(): Bytes {
    const isNegated = this.#take('^');
    const codes = new Set<number>();
    while (this.source[this.#at] !== ']') {
      if (this.#at >= this.source.length) throw this.#unsafe('a class that does not end');
      const low = this.#member();
      const isRange = this.source[this.#at] === '-' && this.source[this.#at + 1] !== ']' && low.size === 1;
      if (!isRange) {
        for (const code of low) codes.add(code);
        continue;
      }
      this.#at++;
      const [from] = low;
      const [to = 255] = this.#member();
      for (let code = from!; code <= Math.min(to, 255); code++) codes.add(code);
    }
    this.#at++;
    const cased = new Set([...codes].flatMap((code) => [...this.#cased(code)]));
    return isNegated ? new Set([...all].filter((code) => !cased.has(code))) : cased;
  }

  #member(): Bytes {
    const char = this.source[this.#at++]!;
    return char === '\\' ? this.#escape() : new Set([char.charCodeAt(0)]);
  }

  #escape(): Bytes {
    const char = this.source[this.#at++]!;
    if (/[1-9k]/.test(char)) throw this.#unsafe('a back reference');
    if (char === 'x' || char === 'u') {
      const digits = char === 'x' ? 2 : 4;
      const code = Number.parseInt(this.source.slice(this.#at, this.#at + digits), 16);
      this.#at += digits;
      return this.#cased(code);
    }
    const sets: Record<string, RegExp> = { w: /\w/, W: /\W/, d: /\d/, D: /\D/, s: /\s/, S: /\S/ };
    const set = sets[char];
    if (set) return new Set([...all].filter((code) => set.test(String.fromCharCode(code))));
    const control: Record<string, string> = { n: '\n', r: '\r', t: '\t', f: '\f', v: '\v', 0: '\0' };
    return this.#cased((control[char] ?? char).charCodeAt(0));
  }

  #cased(code: number): Bytes {
    if (!this.ignoreCase) return new Set([code]);
    const char = String.fromCharCode(code);
    return new Set([char.toLowerCase().charCodeAt(0), char.toUpperCase().charCodeAt(0)]);
  }

  #take(text: string): boolean {
    if (!this.source.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  #unsafe(what: string): SecretError {
    return new SecretError('rule_unsafe', `the pattern /${this.source.slice(0, 100)}/ has ${what}`);
  }
}

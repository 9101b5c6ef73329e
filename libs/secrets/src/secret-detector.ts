import { KeywordSet } from '@gabion/patterns/keyword-set';
import { entropy } from './entropy.ts';
import { isPlaceholder } from './placeholder.ts';
import { checkRule } from './rule-cost.ts';
import { matchBytes, type SecretRule } from './secret-rule.ts';

/** A secret in a text. Its value is not part of it. */
export interface SecretMatch {
  readonly rule: SecretRule;
  /** From 1. */
  readonly line: number;
  /** What stands before the secret in the match, and asterisks: `AWS_SECRET = "****`. */
  readonly redacted: string;
}

interface Hit {
  readonly rule: number;
  /** Where its keyword begins. */
  readonly at: number;
}

/** Most matches that one text tells of. */
const maxMatches = 100;
/** Most places of one text at which patterns are tried: a text made of keywords would be tried at each of its bytes. */
const maxTries = 100_000;

/** Finds secrets by rules: one pass looks for the keywords of all, then each rule is tried around its own. */
export class SecretDetector {
  readonly #rules: readonly SecretRule[];
  readonly #keywords: KeywordSet;
  /** By keyword: the rules it belongs to, and its length. */
  readonly #owners: readonly { readonly rules: readonly number[]; readonly length: number }[];
  readonly #patterns: readonly RegExp[];

  /** Throws SecretError for a rule whose cost is not bounded. */
  constructor(rules: readonly SecretRule[]) {
    for (const rule of rules) checkRule(rule);
    this.#rules = rules;
    const owners = new Map<string, number[]>();
    for (const [index, { keywords }] of rules.entries())
      for (const keyword of keywords)
        owners.set(keyword.toLowerCase(), [...(owners.get(keyword.toLowerCase()) ?? []), index]);
    this.#keywords = new KeywordSet([...owners.keys()], { ignoreCase: true });
    this.#owners = [...owners].map(([keyword, of]) => ({ rules: of, length: Buffer.byteLength(keyword) }));
    // Sticky ones are tried at the keyword and nowhere else.
    this.#patterns = rules.map(
      ({ pattern, reach }) =>
        new RegExp(pattern.source, `${pattern.flags.replace(/[gy]/g, '')}${reach === 0 ? 'y' : 'g'}`),
    );
  }

  /** A text that comes in pieces. */
  reading(path = ''): SecretReading {
    return new SecretReading(this, path);
  }

  /** The secrets of a whole text. */
  find(text: string | Uint8Array, path = ''): SecretMatch[] {
    const reading = this.reading(path);
    reading.write(typeof text === 'string' ? Buffer.from(text) : text);
    return reading.end();
  }

  /** Reads bytes on from a state of the keywords; tells the rules that are to be tried, and where their keywords begin. */
  look(bytes: Uint8Array, state: number | undefined, found: (hit: Hit) => void): number {
    return this.#keywords.scan(bytes, state ?? this.#keywords.start, (keyword, end) => {
      const { rules, length } = this.#owners[keyword]!;
      for (const rule of rules) found({ rule, at: end - length });
    });
  }

  /** Tries a rule around a hit in a text of one character a byte; answers where the secret begins and ends. */
  try({ rule: index, at }: Hit, text: string, path: string): Tried | undefined {
    const rule = this.#rules[index]!;
    if (rule.path && !rule.path.test(path)) return undefined;
    const found = rule.reach === 0 ? this.#at(index, text, at) : this.#around(index, text, at);
    if (!found) return undefined;
    const value = found[1] ?? found[0];
    if (rule.entropy !== undefined && entropy(value) < rule.entropy) return undefined;
    if (isPlaceholder(value) || rule.allowed?.test(value)) return undefined;
    const start = found.index + (found[1] === undefined ? 0 : found[0].lastIndexOf(value));
    return { rule, order: index, start, end: start + value.length, before: text.slice(found.index, start) };
  }

  #at(rule: number, text: string, at: number): Found | undefined {
    const pattern = this.#patterns[rule]!;
    pattern.lastIndex = at;
    return pattern.exec(text) ?? undefined;
  }

  /** Looks for a match that begins at most `reach` before the keyword and goes beyond it. */
  #around(index: number, text: string, at: number): Found | undefined {
    const pattern = this.#patterns[index]!;
    const from = Math.max(0, at - this.#rules[index]!.reach - 1);
    pattern.lastIndex = 0;
    const found = pattern.exec(text.slice(from, at + matchBytes));
    if (!found || from + found.index > at || from + found.index + found[0].length <= at) return undefined;
    return Object.assign(found, { index: from + found.index });
  }
}

type Found = RegExpExecArray;

interface Tried {
  readonly rule: SecretRule;
  readonly order: number;
  readonly start: number;
  readonly end: number;
  /** The match up to the secret. */
  readonly before: string;
}

/** A text of which some pieces have been read; of those only the end is kept, as far as a match may reach. */
export class SecretReading {
  readonly #detector: SecretDetector;
  readonly #path: string;
  #state: number | undefined;
  /** The last bytes that were read, a character each. */
  #kept = '';
  #bytesRead = 0;
  /** Lines before those kept. */
  #linesBefore = 0;
  #tries = 0;
  /** Hits too near the end of what is read; `at` counts from the beginning of the text. */
  #waiting: Hit[] = [];
  #found: Placed[] = [];

  constructor(detector: SecretDetector, path: string) {
    this.#detector = detector;
    this.#path = path;
  }

  write(bytes: Uint8Array): void {
    const begin = this.#bytesRead;
    this.#state = this.#detector.look(bytes, this.#state, ({ rule, at }) => {
      if (this.#tries++ < maxTries) this.#waiting.push({ rule, at: begin + at });
    });
    this.#bytesRead += bytes.length;
    this.#kept += Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
    if (this.#kept.length > slabBytes) this.#settle();
  }

  /** Tries what waits, and forgets what no match can reach any more. */
  #settle(): void {
    this.#try(this.#bytesRead - matchBytes);
    const rest = this.#kept.length - matchBytes - reachBytes;
    this.#linesBefore += newlines(this.#kept, rest);
    this.#kept = this.#kept.slice(rest);
  }

  end(): SecretMatch[] {
    this.#try(this.#bytesRead);
    return this.#found.sort((a, b) => a.start - b.start).map(({ match }) => match);
  }

  /** Tries what waits before `settled`. */
  #try(settled: number): void {
    const begin = this.#bytesRead - this.#kept.length;
    for (const { rule, at } of this.#waiting) {
      if (at >= settled || this.#found.length >= maxMatches) continue;
      const match = this.#detector.try({ rule, at: at - begin }, this.#kept, this.#path);
      if (match) this.#keep(match);
    }
    this.#waiting = this.#waiting.filter(({ at }) => at >= settled);
  }

  /** Of two rules that match the same text the first in the list counts. */
  #keep(match: Tried): void {
    const begin = this.#bytesRead - this.#kept.length;
    const start = begin + match.start;
    const end = begin + match.end;
    const others = this.#found.filter((other) => start < other.end && end > other.start);
    if (others.some(({ order }) => order <= match.order)) return;
    const line = this.#linesBefore + newlines(this.#kept, match.start) + 1;
    const placed = {
      start,
      end,
      order: match.order,
      match: { rule: match.rule, line, redacted: `${shown(match.before)}****` },
    };
    this.#found = [...this.#found.filter((other) => !others.includes(other)), placed];
  }
}

interface Placed {
  readonly start: number;
  readonly end: number;
  /** Place of its rule in the list. */
  readonly order: number;
  readonly match: SecretMatch;
}

/** Text that is kept until rules are tried in it. */
const slabBytes = 80 * 1024;

/** Matches may begin so far before their keyword. */
const reachBytes = 512;

/** The text before a secret on its own line; of a name that is assigned to, the end. */
function shown(before: string): string {
  const line = before.slice(before.lastIndexOf('\n') + 1).replace(/[^\x20-\x7e]/g, '');
  return line.length > 60 ? `…${line.slice(-60)}` : line;
}

function newlines(text: string, end: number): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at !== -1 && at < end; at = text.indexOf('\n', at + 1)) count++;
  return count;
}

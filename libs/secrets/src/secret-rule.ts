export type SecretSeverity = 'critical' | 'high' | 'medium' | 'low';

/** What a kind of secret looks like. */
export interface SecretRule {
  /** Stable: `aws-access-token`. */
  readonly id: string;
  readonly title: string;
  readonly severity: SecretSeverity;
  /** Text of which one stands in every match, in any case; the pattern is only tried around them. */
  readonly keywords: readonly string[];
  /** The secret is its group 1, or all of it. Its cost is bounded: see `checkRule`. */
  readonly pattern: RegExp;
  /** How far before its keyword a match may begin. 0: at the keyword. */
  readonly reach: number;
  /** Shannon entropy, bits per character, below which a value is taken for a placeholder. */
  readonly entropy?: number;
  /** Values that look like the secret and are none. */
  readonly allowed?: RegExp;
  /** Only files with such a path. */
  readonly path?: RegExp;
}

/** Bytes behind a keyword that a match may take: the longest tokens have a few hundred, keys in PEM some thousands. */
export const matchBytes = 4096;

const nameEnd = String.raw`[ \t\w.-]{0,20}`;
const assignment = String.raw`["'\s]{0,3}(?:=>|:{1,3}=?|\|\||\?=|=|>|,)[\x60"'\s=]{0,5}`;
const valueEnd = String.raw`(?=[\x60"'\s;,)\]}<]|\\[nr]|$)`;

type Shape = Omit<SecretRule, 'pattern' | 'reach'> & { readonly reach?: number };

/** A token that is known by its own form: the pattern begins with one of the keywords unless `reach` says otherwise. */
export function token(shape: Shape, pattern: string, flags = ''): SecretRule {
  const before = /^[\w[(]/.test(pattern) ? '(?<![A-Za-z0-9_])' : '';
  const after = /[\w)\]}]$/.test(pattern) ? '(?![A-Za-z0-9_])' : '';
  return { reach: 0, ...shape, pattern: new RegExp(before + pattern + after, flags) };
}

/** A value that is known by the name it is assigned to: `ADAFRUIT_KEY = "…"`, in any language or configuration. */
export function assigned(shape: Omit<Shape, 'keywords'>, names: readonly string[], value: string): SecretRule {
  const name = `(?:${names.map((each) => each.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)).join('|')})`;
  const pattern = new RegExp(`${name}${nameEnd}${assignment}(${value})${valueEnd}`, 'i');
  return { reach: 0, ...shape, keywords: names, pattern };
}

import { type Expression, formatExpression, parseExpression } from './expression.ts';
import { licenceOfName } from './licence-names.ts';

const maxNames = 64;

/** What a package manager's text means as an SPDX expression; undefined where part of it is not known. */
export function normalise(text: string): string | undefined {
  // One space between words: `\s+and\s+` over many of them would take quadratic time.
  const trimmed = text.slice(0, 4096).replace(/\s+/g, ' ').trim();
  if (trimmed === '') return undefined;
  const whole = licenceOfName(trimmed);
  if (whole) return whole;
  const parsed = parsedOrUndefined(trimmed);
  if (parsed) return formatExpression(modern(parsed));
  const spelled = spelledOut(trimmed);
  return spelled === undefined ? undefined : (asExpression(spelled) ?? undefined);
}

/** The expression of all the licences that a package names together, `AND` between them; undefined as in `normalise`. */
export function normaliseAll(texts: readonly string[]): string | undefined {
  const known = texts.slice(0, maxNames).map(normalise);
  if (known.length === 0 || known.some((each) => each === undefined)) return undefined;
  const unique = [...new Set(known as string[])];
  if (unique.length === 1) return unique[0];
  return asExpression(unique.map((each) => `(${each})`).join(' AND '));
}

function parsedOrUndefined(text: string): Expression | undefined {
  try {
    return parseExpression(text);
  } catch {
    return undefined;
  }
}

function asExpression(text: string): string | undefined {
  const parsed = parsedOrUndefined(text);
  return parsed && formatExpression(modern(parsed));
}

/** `GPL-2.0` and `GPL-2.0+`, which the list has replaced, as the list writes them. */
function modern(expression: Expression): Expression {
  if (expression.kind !== 'licence')
    return { ...expression, parts: expression.parts.map(modern) as [Expression, Expression, ...Expression[]] };
  const { id, isOrLater, exception } = expression;
  if (!/^(?:A?GPL|LGPL|GFDL)-\d\.\d$/.test(id)) return expression;
  const modernId = `${id}-${isOrLater ? 'or-later' : 'only'}`;
  return { kind: 'licence', id: modernId, isOrLater: false, ...(exception && { exception }) };
}

// Fedora's and others' "GPLv2+ and (MIT or BSD-3)", Debian's "GPL-2+, Expat", npm's old "MIT/X11": operators between
// names that may have spaces in them.
function spelledOut(text: string): string | undefined {
  const parts = text.split(/(\(|\)|,|;|\||&| and\/or | and | or | with |\/(?=[A-Z]))/i);
  if (parts.length > maxNames * 4) return undefined;
  const words = parts.map((part) => part.trim()).filter((part) => part !== '');
  const written = words.map(wordOf);
  return written.some((word) => word === undefined) ? undefined : written.join(' ');
}

function wordOf(word: string): string | undefined {
  const operator = { and: 'AND', ',': 'AND', ';': 'AND', '&': 'AND', or: 'OR', 'and/or': 'OR', '/': 'OR', '|': 'OR' }[
    word.toLowerCase()
  ];
  if (operator) return operator;
  if (word === '(' || word === ')') return word;
  const id = licenceOfName(word);
  return id?.includes(' ') ? `(${id})` : id;
}

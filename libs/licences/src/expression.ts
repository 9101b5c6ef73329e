import { LicenceError } from './licence-error.ts';
import { exceptionId, licenceId } from './licence-list.ts';

/** A parsed SPDX licence expression. */
export type Expression =
  | Licence
  | { readonly kind: 'and' | 'or'; readonly parts: readonly [Expression, Expression, ...Expression[]] };

export interface Licence {
  readonly kind: 'licence';
  /** Of the SPDX list, in its spelling, or a `LicenseRef-…`, perhaps with its `DocumentRef-…:`. */
  readonly id: string;
  /** Written with `+`. */
  readonly isOrLater: boolean;
  readonly exception?: string;
}

const maxLength = 8192;
const maxDepth = 64;

/** Parses an expression of SPDX 2.3, annex D. Operators may be in lower case, as SPDX 3.0 allows. */
export function parseExpression(text: string): Expression {
  if (text.length > maxLength) throw new LicenceError('expression_too_long', `over ${maxLength} characters`);
  const parser = new Parser(text.match(/[()]|[^\s()]+/g) ?? []);
  const expression = parser.either(0);
  parser.end();
  return expression;
}

/** Writes an expression so that `parseExpression` reads the same again, with no parenthesis that it does not need. */
export function formatExpression(expression: Expression): string {
  if (expression.kind !== 'licence') {
    const parts = expression.parts.map((part) =>
      expression.kind === 'and' && part.kind === 'or' ? `(${formatExpression(part)})` : formatExpression(part),
    );
    return parts.join(expression.kind === 'and' ? ' AND ' : ' OR ');
  }
  const { id, isOrLater, exception } = expression;
  return `${id}${isOrLater ? '+' : ''}${exception ? ` WITH ${exception}` : ''}`;
}

/** The licences of an expression, each once. */
export function licencesIn(expression: Expression): Licence[] {
  if (expression.kind === 'licence') return [expression];
  const all = expression.parts.flatMap(licencesIn);
  return [...new Map(all.map((licence) => [formatExpression(licence), licence])).values()];
}

class Parser {
  readonly #tokens: readonly string[];
  #at = 0;

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens;
  }

  either(depth: number): Expression {
    return this.#joined('or', () => this.#joined('and', () => this.#simple(depth)));
  }

  end(): void {
    const token = this.#tokens[this.#at];
    if (token !== undefined) throw new LicenceError('expression_malformed', `unexpected ${JSON.stringify(token)}`);
  }

  #joined(kind: 'and' | 'or', operand: () => Expression): Expression {
    const first = operand();
    const more: Expression[] = [];
    while (this.#takes(kind)) more.push(operand());
    // `a AND b AND c` is one list; an operand of the same kind in parentheses says no more.
    const [head, second, ...rest] = [first, ...more].flatMap((part) => (part.kind === kind ? part.parts : [part]));
    return second ? { kind, parts: [head!, second, ...rest] } : first;
  }

  #simple(depth: number): Expression {
    if (this.#takes('(')) {
      if (depth >= maxDepth) throw new LicenceError('expression_too_deep', `nested deeper than ${maxDepth}`);
      const inner = this.either(depth + 1);
      if (!this.#takes(')')) throw new LicenceError('expression_malformed', 'a parenthesis is not closed');
      return inner;
    }
    const licence = licenceOf(this.#next());
    if (!this.#takes('with')) return licence;
    const name = this.#next();
    const exception = exceptionId(name) ?? (/^AdditionRef-[A-Za-z0-9.-]+$/.test(name) ? name : undefined);
    if (!exception) throw new LicenceError('exception_unknown', `${JSON.stringify(name)} is no exception of the list`);
    return { ...licence, exception };
  }

  #takes(word: string): boolean {
    const isNext = this.#tokens[this.#at]?.toLowerCase() === word;
    if (isNext) this.#at++;
    return isNext;
  }

  #next(): string {
    const token = this.#tokens[this.#at++];
    if (token === undefined || /^(?:and|or|with|[()])$/i.test(token))
      throw new LicenceError('expression_malformed', 'a licence is missing');
    return token;
  }
}

function licenceOf(token: string): Licence {
  if (/^(?:DocumentRef-[A-Za-z0-9.-]+:)?LicenseRef-[A-Za-z0-9.-]+$/.test(token))
    return { kind: 'licence', id: token, isOrLater: false };
  // Of the list, `GFDL-1.2+` and the like are no entries: the plus is the operator.
  const isOrLater = token.endsWith('+') && licenceId(token) === undefined;
  const id = licenceId(isOrLater ? token.slice(0, -1) : token);
  if (!id) throw new LicenceError('licence_unknown', `${JSON.stringify(token.slice(0, 100))} is not on the SPDX list`);
  return { kind: 'licence', id, isOrLater };
}

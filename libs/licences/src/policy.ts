import { categoryOf, type LicenceCategory, licenceCategories } from './category.ts';
import { type Expression, formatExpression, type Licence, parseExpression } from './expression.ts';
import { normaliseAll } from './normalise.ts';

/**
 * Which licences packages may have, as SPDX identifiers (`MIT`, `GPL-2.0-only WITH Classpath-exception-2.0`) or categories
 * (`strong-copyleft`). With an allow list, what is on neither list is denied.
 */
export interface LicencePolicy {
  readonly allow: readonly string[];
  readonly deny: readonly string[];
}

export type Verdict = 'allowed' | 'denied' | 'unknown';

/** What a policy says of the licences of one package. */
export interface LicenceJudgement {
  /** SPDX expression, or the package's own words where they are none. */
  readonly licence: string;
  /** Of the best choice that the expression leaves: the most demanding licence of those that hold together. */
  readonly category: LicenceCategory;
  readonly verdict: Verdict;
}

/** Judges the licences that a package names; all of them hold together. `unknown` is what no list and no table knows. */
export function judgeLicences(names: readonly string[], policy: LicencePolicy): LicenceJudgement {
  const normalised = normaliseAll(names);
  if (normalised === undefined) return judgedByName(names, policy);
  const expression = parseExpression(normalised);
  return { licence: normalised, ...judged(expression, policy) };
}

type Judged = Omit<LicenceJudgement, 'licence'>;

// Of alternatives the user takes the best, of what holds together the worst counts.
const verdictRank: Readonly<Record<Verdict, number>> = { allowed: 0, unknown: 1, denied: 2 };

function judged(expression: Expression, policy: LicencePolicy): Judged {
  if (expression.kind === 'licence') {
    const category = categoryOfLicence(expression);
    return { category, verdict: verdictOf(namesOf(expression), category, policy) };
  }
  const all = expression.parts.map((part) => judged(part, policy)).sort(byRank);
  return expression.kind === 'or' ? all[0]! : all.at(-1)!;
}

function byRank(a: Judged, b: Judged): number {
  const rank = ({ category }: Judged) => licenceCategories.indexOf(category);
  return verdictRank[a.verdict] - verdictRank[b.verdict] || rank(a) - rank(b);
}

// A linking exception takes from the GPL what it asks of those who link.
function categoryOfLicence({ id, exception }: Licence): LicenceCategory {
  const category = categoryOf(id);
  const isLinking = exception !== undefined && /classpath|linking|GCC|library|runtime|Font/i.test(exception);
  return category === 'strong-copyleft' && isLinking ? 'weak-copyleft' : category;
}

function namesOf(licence: Licence): string[] {
  const { id, exception } = licence;
  return exception ? [formatExpression(licence), `${id} WITH ${exception}`] : [formatExpression(licence), id];
}

function verdictOf(names: readonly string[], category: LicenceCategory, { allow, deny }: LicencePolicy): Verdict {
  const isOn = (list: readonly string[], entries: readonly string[]) =>
    list.some((entry) => entries.some((name) => name.toLowerCase() === entry.toLowerCase()));
  // A list that names the licence says more than one that names its category.
  if (isOn(deny, names)) return 'denied';
  if (isOn(allow, names)) return 'allowed';
  if (isOn(deny, [category])) return 'denied';
  if (isOn(allow, [category])) return 'allowed';
  if (category === 'unknown') return 'unknown';
  return allow.length === 0 ? 'allowed' : 'denied';
}

function judgedByName(names: readonly string[], policy: LicencePolicy): LicenceJudgement {
  const licence = names.slice(0, 64).join(' AND ').slice(0, 1024);
  return { licence, category: 'unknown', verdict: verdictOf(names, 'unknown', policy) };
}

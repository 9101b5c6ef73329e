import { licenceId } from '@gabion/licences/licence-list';
import { normaliseAll } from '@gabion/licences/normalise';

/**
 * `licenses` of a component: an identifier of the SPDX list, an expression, or the names that the package gives where they
 * are neither. CycloneDX has no mixture of these.
 */
export function licenceChoices(names: readonly string[]): { readonly licenses?: readonly unknown[] } {
  const given = [...new Set(names.map((name) => name.trim()).filter((name) => name !== ''))];
  if (given.length === 0) return {};
  const expression = normaliseAll(given);
  if (expression === undefined) return { licenses: given.map((name) => ({ license: { name } })) };
  const isId = licenceId(expression) !== undefined;
  return { licenses: [isId ? { license: { id: expression } } : { expression }] };
}

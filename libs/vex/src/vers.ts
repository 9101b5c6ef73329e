import type { VersionOrder } from '@gabion/versions/order';

interface Constraint {
  readonly comparator: '=' | '!=' | '<' | '<=' | '>' | '>=';
  readonly version: string;
}

const maxConstraints = 256;

/** Whether a version is meant by `1.2.3` or by a `vers:type/constraint|constraint` (purl-spec, VERS). */
export function isInVersions(text: string, version: string, order: VersionOrder | undefined): boolean {
  const [, list] = /^vers:[a-z0-9.-]+\/([\s\S]+)$/i.exec(text) ?? [];
  if (list === undefined) return text === version;
  if (list.trim() === '*') return true;
  const constraints = list.split('|', maxConstraints).map(constraintOf);
  if (constraints.some(({ comparator, version: bound }) => comparator === '=' && bound === version)) return true;
  if (!order?.isValid(version)) return false;
  return constraints.every(({ version: bound }) => order.isValid(bound)) && isWithin(constraints, version, order);
}

function constraintOf(text: string): Constraint {
  const [, comparator, version = ''] = /^\s*(>=|<=|!=|<|>|=)?\s*(.*?)\s*$/.exec(text) ?? [];
  return { comparator: (comparator ?? '=') as Constraint['comparator'], version: decoded(version) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

// VERS, "Checking if a version is contained within a range": single versions first, then the pairs of bounds in order.
function isWithin(constraints: readonly Constraint[], version: string, order: VersionOrder): boolean {
  const isAt = ({ version: bound }: Constraint) => order.compare(version, bound) === 0;
  const equal = constraints.filter(isAt);
  if (equal.some(({ comparator }) => comparator === '!=')) return false;
  if (equal.some(({ comparator }) => comparator.endsWith('='))) return true;
  const bounds = constraints
    .filter(({ comparator }) => comparator !== '=' && comparator !== '!=')
    .sort((a, b) => order.compare(a.version, b.version));
  const below = bounds.filter((bound) => order.compare(bound.version, version) < 0).at(-1);
  const above = bounds.find((bound) => order.compare(bound.version, version) > 0);
  if (equal.some(({ comparator }) => comparator === '<' || comparator === '>')) return false;
  if (below) return below.comparator.startsWith('>');
  return above?.comparator.startsWith('<') ?? false;
}

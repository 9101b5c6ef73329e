import type { Package } from '@gabion/inventory/package';
import { closeness, highest, type JudgedImage } from './product-match.ts';
import type { Statement } from './statement.ts';

/** A vulnerability of a package, as statements may name it. */
export interface JudgedVulnerability {
  readonly vulnerabilityId: string;
  readonly aliases: readonly string[];
  readonly package: Package;
}

/** The statement that counts for a finding. */
export interface Decision {
  readonly statement: Statement;
  /** Whether it says that there is nothing to do: not affected, or fixed. */
  readonly isSettled: boolean;
}

/**
 * The statement that counts for a vulnerability in an image: the one that names the product most exactly, of those the
 * latest. Undefined where none is about it.
 */
export function decide(
  finding: JudgedVulnerability,
  image: JudgedImage,
  statements: readonly Statement[],
): Decision | undefined {
  const names = new Set([finding.vulnerabilityId, ...finding.aliases].map((name) => name.toLowerCase()));
  const about = statements
    .filter(({ vulnerabilities }) => vulnerabilities.some((name) => names.has(name.toLowerCase())))
    .map((statement) => ({
      statement,
      rank: highest(statement.products, (product) => closeness(product, finding.package, image)),
    }))
    .filter(({ rank }) => rank > 0)
    .sort((a, b) => b.rank - a.rank || timeOf(b.statement) - timeOf(a.statement));
  const statement = about[0]?.statement;
  return statement && { statement, isSettled: statement.status === 'not_affected' || statement.status === 'fixed' };
}

function timeOf({ timestamp }: Statement): number {
  const time = Date.parse(timestamp);
  return Number.isNaN(time) ? 0 : time;
}

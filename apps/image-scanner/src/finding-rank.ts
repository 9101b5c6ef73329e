import type { ImageFinding } from './image-findings.ts';

/** What a finding is ranked by, worst first: a page ends with one, and the next begins behind it. */
export interface Rank {
  readonly severity: number;
  readonly exploited: number;
  readonly epss: number;
  readonly cvss: number;
  readonly name: string;
  readonly about: string;
  readonly id: string;
}

/** The shape of a rank in a page token. */
export const rankShape = {
  severity: 'number',
  exploited: 'number',
  epss: 'number',
  cvss: 'number',
  name: 'string',
  about: 'string',
  id: 'string',
} as const;

/** Longer names are told apart by the id: a rank has to fit into a page token. */
const maxNameLength = 128;

export function rankOf(finding: ImageFinding): Rank {
  return {
    severity: finding.severity,
    exploited: Number(finding.isExploited),
    epss: finding.epssScore,
    cvss: finding.cvssScore,
    name: finding.name.slice(0, maxNameLength),
    about: finding.names[0]!.slice(0, maxNameLength),
    id: finding.id,
  };
}

/** Severity, then known exploitation, then how likely it is, then CVSS; the rest only makes the order total. */
export function worstFirst(a: Rank, b: Rank): number {
  return (
    b.severity - a.severity ||
    b.exploited - a.exploited ||
    b.epss - a.epss ||
    b.cvss - a.cvss ||
    inOrder(a.name, b.name) ||
    inOrder(a.about, b.about) ||
    inOrder(a.id, b.id)
  );
}

function inOrder(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

import type { CvssScore } from './advisory.ts';

/** How likely a vulnerability is to be exploited in the next 30 days, by FIRST's model. */
export interface EpssScore {
  /** Probability, 0 to 1. */
  readonly score: number;
  /** Share of all scored vulnerabilities that score the same or less, 0 to 1. */
  readonly percentile: number;
  /** Day of the model's run; empty where the file does not say. */
  readonly date: string;
}

/** An entry of CISA's catalogue of known exploited vulnerabilities. */
export interface KnownExploited {
  readonly addedOn: string;
  readonly dueOn: string;
  readonly isUsedByRansomware: boolean;
}

/** What a feed says of a vulnerability, whatever package has it. */
export interface VulnerabilityFacts {
  /** CVE. */
  readonly id: string;
  readonly epss?: EpssScore;
  readonly kev?: KnownExploited;
  readonly scores?: readonly CvssScore[];
  readonly cwes?: readonly string[];
  readonly summary?: string;
  readonly published?: string;
}

/** Until when a release of a distribution gets security updates; dates are ISO days. */
export interface Lifecycle {
  readonly ecosystem: string;
  /** End of the updates that everyone gets. */
  readonly endOfLife: string;
  /** End of the updates that need a contract or another repository. */
  readonly extendedSupport?: string;
}

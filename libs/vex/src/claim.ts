import type { Justification, VexStatus } from './statement.ts';

/** What is to be said of one vulnerability in one package of an image. */
export interface Claim {
  readonly vulnerabilityId: string;
  readonly aliases: readonly string[];
  readonly purl: string;
  readonly status: VexStatus;
  readonly justification?: Justification;
  readonly impact?: string;
  readonly action?: string;
}

/** The image that a document is about and who says it. */
export interface ClaimedImage {
  readonly target: string;
  /** `pkg:oci/…`; the target's name stands for one without a digest. */
  readonly purl?: string;
  readonly imageDigest?: string;
}

export interface Issue {
  /** An IRI for OpenVEX, a tracking id for CSAF. */
  readonly id: string;
  readonly author: string;
  /** RFC 3339. */
  readonly timestamp: string;
  readonly tool: string;
}

const byWeight: readonly VexStatus[] = ['affected', 'under_investigation', 'fixed', 'not_affected'];

/**
 * One claim for each vulnerability and package: a package that is at several places is affected if it is at one of them
 * (CSAF 2.0, 6.1.6, forbids to say both).
 */
export function consistent(claims: readonly Claim[]): Claim[] {
  const weighty = new Map<string, Claim>();
  for (const claim of claims) {
    const key = `${claim.vulnerabilityId}\n${claim.purl}`;
    const other = weighty.get(key);
    if (!other || byWeight.indexOf(claim.status) < byWeight.indexOf(other.status)) weighty.set(key, claim);
  }
  return [...weighty.values()];
}

/** Claims that differ in their package only, together. */
export function grouped(claims: readonly Claim[]): (readonly [Claim, ...Claim[]])[] {
  const groups = new Map<string, [Claim, ...Claim[]]>();
  for (const claim of claims) {
    const { vulnerabilityId, status, justification, impact, action } = claim;
    const key = JSON.stringify([vulnerabilityId, status, justification, impact, action]);
    const group = groups.get(key);
    if (group) group.push(claim);
    else groups.set(key, [claim]);
  }
  return [...groups.values()];
}

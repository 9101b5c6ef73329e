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

import { type Claim, type ClaimedImage, consistent, grouped, type Issue } from './claim.ts';

/** An OpenVEX 0.2.0 document; the same arguments make the same document. */
export function openVexDocument(
  claims: readonly Claim[],
  image: ClaimedImage,
  issue: Issue,
): Readonly<Record<string, unknown>> {
  const hex = /^sha256:([0-9a-f]{64})$/.exec(image.imageDigest ?? '')?.[1];
  const product = {
    '@id': image.purl ?? image.target,
    ...(image.purl && { identifiers: { purl: image.purl } }),
    ...(hex && { hashes: { 'sha-256': hex } }),
  };
  return {
    '@context': 'https://openvex.dev/ns/v0.2.0',
    '@id': issue.id,
    author: issue.author,
    timestamp: issue.timestamp,
    version: 1,
    tooling: issue.tool,
    statements: grouped(consistent(claims)).map((group) => ({
      ...statementOf(group[0]),
      products: [{ ...product, subcomponents: partsOf(group) }],
    })),
  };
}

function statementOf({ vulnerabilityId, aliases, status, justification, impact, action }: Claim) {
  return {
    vulnerability: { name: vulnerabilityId, ...(aliases.length > 0 && { aliases }) },
    status,
    // One of the two is required of what is not affected, an action of what is.
    ...(status === 'not_affected' && justification && { justification }),
    ...(status === 'not_affected' && (impact || !justification) && { impact_statement: impact || 'not affected' }),
    ...(status === 'affected' && { action_statement: action || 'no remedy is known yet' }),
  };
}

function partsOf(group: readonly Claim[]) {
  return [...new Set(group.map(({ purl }) => purl))].map((purl) => ({ '@id': purl, identifiers: { purl } }));
}

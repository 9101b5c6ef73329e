import { type Claim, type ClaimedImage, consistent, grouped, type Issue } from './claim.ts';
import type { VexStatus } from './statement.ts';

type Json = Readonly<Record<string, unknown>>;

const lists: Readonly<Record<VexStatus, string>> = {
  not_affected: 'known_not_affected',
  affected: 'known_affected',
  fixed: 'fixed',
  under_investigation: 'under_investigation',
};

const imageId = 'image';

/** A CSAF 2.0 document of the profile VEX (4.5); the same arguments make the same document. */
export function csafDocument(
  claims: readonly Claim[],
  image: ClaimedImage,
  issue: Issue & { readonly authorNamespace: string },
): Json {
  const purls = [...new Set(claims.map(({ purl }) => purl))].sort();
  const ids = new Map(purls.map((purl, i) => [purl, `package-${i + 1}`]));
  const byVulnerability = Map.groupBy(consistent(claims), ({ vulnerabilityId }) => vulnerabilityId);
  return {
    document: documentOf(image, issue),
    product_tree: treeOf(image, ids),
    vulnerabilities: [...byVulnerability].map(([id, own]) => vulnerabilityOf(id, own, ids)),
  };
}

function documentOf(
  image: ClaimedImage,
  { id, author, authorNamespace, timestamp, tool }: Issue & { authorNamespace: string },
): Json {
  return {
    category: 'csaf_vex',
    csaf_version: '2.0',
    publisher: { category: 'user', name: author, namespace: authorNamespace },
    title: `Vulnerabilities of ${image.target}`,
    notes: [{ category: 'general', text: `Written by ${tool} from the findings of a scan.` }],
    tracking: {
      current_release_date: timestamp,
      generator: { engine: { name: tool } },
      id,
      initial_release_date: timestamp,
      revision_history: [{ date: timestamp, number: '1', summary: 'First version' }],
      status: 'final',
      version: '1',
    },
  };
}

function treeOf(image: ClaimedImage, ids: ReadonlyMap<string, string>): Json {
  const hex = /^sha256:([0-9a-f]{64})$/.exec(image.imageDigest ?? '')?.[1];
  const hashes = hex && { hashes: [{ file_hashes: [{ algorithm: 'sha256', value: hex }], filename: image.target }] };
  const helper = { ...hashes, ...(image.purl && { purl: image.purl }) };
  const own = {
    product_id: imageId,
    name: image.target,
    ...(Object.keys(helper).length > 0 && { product_identification_helper: helper }),
  };
  const parts = [...ids].map(([purl, id]) => ({ product_id: id, name: purl, product_identification_helper: { purl } }));
  return {
    full_product_names: [own, ...parts],
    ...(parts.length > 0 && {
      relationships: parts.map(({ product_id, name }) => ({
        category: 'default_component_of',
        full_product_name: { product_id: inImage(product_id), name: `${name} in ${image.target}` },
        product_reference: product_id,
        relates_to_product_reference: imageId,
      })),
    }),
  };
}

function inImage(id: string): string {
  return `${imageId}:${id}`;
}

function vulnerabilityOf(name: string, claims: readonly Claim[], ids: ReadonlyMap<string, string>): Json {
  const idsOf = (group: readonly Claim[]) => [...new Set(group.map(({ purl }) => inImage(ids.get(purl)!)))];
  const isCve = /^CVE-\d{4}-\d{4,}$/.test(name);
  const aliases = [...(isCve ? [] : [name]), ...new Set(claims.flatMap((claim) => claim.aliases))].filter(
    (id) => id !== name || !isCve,
  );
  const groups = grouped(claims).map((group) => ({ ...group[0], product_ids: idsOf(group) }));
  const status = Object.groupBy(claims, (claim) => lists[claim.status]);
  return {
    ...(isCve && { cve: name }),
    ...list(
      'ids',
      aliases.map((text) => ({ system_name: systemOf(text), text })),
    ),
    notes: [{ category: 'summary', text: name }],
    product_status: Object.fromEntries(Object.entries(status).map(([key, group]) => [key, idsOf(group ?? [])])),
    ...list(
      'flags',
      groups.flatMap(({ status: own, justification, product_ids }) =>
        own === 'not_affected' && justification ? [{ label: justification, product_ids }] : [],
      ),
    ),
    ...list(
      'threats',
      groups.flatMap(({ status: own, justification, impact, product_ids }) =>
        own === 'not_affected' && (impact || !justification)
          ? [{ category: 'impact', details: impact || 'not affected', product_ids }]
          : [],
      ),
    ),
    ...list(
      'remediations',
      groups.flatMap(({ status: own, action, product_ids }) =>
        own === 'affected'
          ? [
              {
                category: action ? 'vendor_fix' : 'none_available',
                details: action || 'No remedy is known yet.',
                product_ids,
              },
            ]
          : [],
      ),
    ),
  };
}

function systemOf(id: string): string {
  return /^[A-Za-z]+/.exec(id)?.[0] ?? 'id';
}

function list(key: string, values: readonly unknown[]): Json {
  return values.length === 0 ? {} : { [key]: values };
}

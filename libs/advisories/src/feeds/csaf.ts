import type { Advisory, Affected, AffectedStatus } from '../advisory.ts';
import { isRecord, recordsOf, textOf, textsOf } from '../json.ts';
import { isModularVersion } from '../modularity.ts';
import { cvssScores, severityOfWord } from '../severity.ts';
import { type CsafPackage, CsafProducts } from './csaf-products.ts';
import { cwesIn } from './cve.ts';

// CSAF 2.0, https://docs.oasis-open.org/csaf/csaf/v2.0/: profiles VEX and security advisory, of Red Hat and SUSE.

/** Whether a parsed document is a CSAF document about vulnerabilities. */
export function isCsaf(document: unknown): document is Record<string, unknown> {
  if (!isRecord(document) || !isRecord(document.document)) return false;
  return 'product_tree' in document && textOf(document.document.csaf_version).startsWith('2.');
}

/** Reads a document, an advisory for each vulnerability that it speaks of for packages of a known system. */
export function readCsaf(document: Record<string, unknown>, source: string): Advisory[] {
  const about = isRecord(document.document) ? document.document : {};
  const tracking = isRecord(about.tracking) ? about.tracking : {};
  const products = new CsafProducts(document.product_tree);
  const word = isRecord(about.aggregate_severity) ? about.aggregate_severity.text : undefined;
  return recordsOf(document.vulnerabilities).flatMap((vulnerability) => {
    const affected = affectedOf(vulnerability, products);
    const id = textOf(vulnerability.cve) || textOf(tracking.id);
    if (id === '' || affected.length === 0) return [];
    const severity = severityOfWord(impactOf(vulnerability) ?? word);
    const scores = cvssScores(vectorsOf(vulnerability));
    return [
      {
        source,
        format: 'csaf' as const,
        id: textOf(tracking.id) || id,
        aliases: [],
        vulnerabilities: [id],
        summary: textOf(vulnerability.title) || textOf(about.title),
        url: urlOf(vulnerability, about),
        ...(severity ? { severity } : {}),
        ...(scores[0] ? { cvss: scores[0], scores } : {}),
        cwes: cwesIn([isRecord(vulnerability.cwe) ? textOf(vulnerability.cwe.id) : '']),
        published: textOf(vulnerability.release_date) || textOf(tracking.initial_release_date),
        modified: textOf(tracking.current_release_date),
        isWithdrawn: /\brejected\b|withdrawn/i.test(textOf(vulnerability.title).slice(0, 40)),
        affected,
      },
    ];
  });
}

type Status = 'fixed' | 'known_affected' | 'known_not_affected' | 'under_investigation';
const statuses: ReadonlyMap<string, Status> = new Map([
  ['fixed', 'fixed'],
  // SUSE names the fixed versions as recommended.
  ['recommended', 'fixed'],
  ['first_fixed', 'fixed'],
  ['known_affected', 'known_affected'],
  ['known_not_affected', 'known_not_affected'],
  ['under_investigation', 'under_investigation'],
]);

function affectedOf(vulnerability: Record<string, unknown>, products: CsafProducts): Affected[] {
  const said = isRecord(vulnerability.product_status) ? vulnerability.product_status : {};
  const remedies = remediesOf(vulnerability);
  const found = new Map<string, { affected: Affected; about: CsafPackage }>();
  for (const [word, ids] of Object.entries(said)) {
    const status = statuses.get(word);
    if (!status) continue;
    for (const id of textsOf(ids)) {
      const about = products.packageOf(id);
      const affected = about && affectedPackage(about, status, remedies.get(id));
      if (affected) found.set(keyOf(affected), { affected, about });
    }
  }
  return withoutBuiltFrom([...found.values()]);
}

function affectedPackage(about: CsafPackage, status: Status, remedy: AffectedStatus | undefined): Affected | undefined {
  const isBinary = about.architecture !== 'src' && about.architecture !== '';
  const isModular = about.module !== '' && (about.evr === '' || isModularVersion(about.evr));
  const affected = {
    ecosystem: about.ecosystem,
    name: about.name,
    versions: [],
    fixed: [],
    ...(isModular ? { modules: [about.module] } : {}),
    ...(isBinary ? {} : { naming: about.architecture === 'src' ? ('source' as const) : ('either' as const) }),
  };
  if (about.name === '') return undefined;
  switch (status) {
    case 'fixed':
      return about.evr === '' ? undefined : { ...affected, status: 'affected', intervals: [{ before: about.evr }] };
    case 'known_affected':
      return { ...affected, status: remedy ?? 'unfixed', intervals: [{}] };
    case 'known_not_affected':
      return { ...affected, status: 'not_affected', intervals: [] };
    case 'under_investigation':
      return { ...affected, status: 'under_investigation', intervals: [{}] };
    default:
      return status satisfies never;
  }
}

// What was built from a source package that is listed with the same version needs no entry of its own.
function withoutBuiltFrom(found: readonly { affected: Affected; about: CsafPackage }[]): Affected[] {
  const place = ({ affected, about }: { affected: Affected; about: CsafPackage }) =>
    `${affected.ecosystem}\n${affected.modules?.[0] ?? ''}\n${about.evr}\n${affected.status}`;
  const sources = new Set(found.filter(({ affected }) => affected.naming === 'source').map(place));
  return found
    .filter((each) => each.affected.naming !== undefined || each.about.evr === '' || !sources.has(place(each)))
    .map(({ affected }) => affected);
}

function keyOf({ ecosystem, name, modules, naming, status, intervals }: Affected): string {
  return JSON.stringify([ecosystem, name, modules, naming, status, intervals]);
}

/** What is to become of products that have no fix, by product. */
function remediesOf(vulnerability: Record<string, unknown>): ReadonlyMap<string, AffectedStatus> {
  const remedies = new Map<string, AffectedStatus>();
  for (const remediation of recordsOf(vulnerability.remediations)) {
    const status = remedyOf(textOf(remediation.category), textOf(remediation.details));
    if (!status) continue;
    for (const id of textsOf(remediation.product_ids)) remedies.set(id, status);
  }
  return remedies;
}

function remedyOf(category: string, details: string): AffectedStatus | undefined {
  if (category === 'no_fix_planned') return /out of support/i.test(details) ? 'end_of_life' : 'will_not_fix';
  if (category !== 'none_available') return undefined;
  return /deferred/i.test(details) ? 'fix_deferred' : 'unfixed';
}

function impactOf(vulnerability: Record<string, unknown>): string | undefined {
  const impacts = recordsOf(vulnerability.threats).filter(({ category }) => category === 'impact');
  return impacts.map(({ details }) => textOf(details)).find((word) => severityOfWord(word) !== undefined);
}

function vectorsOf(vulnerability: Record<string, unknown>): string[] {
  return recordsOf(vulnerability.scores).flatMap((score) =>
    [score.cvss_v4, score.cvss_v3, score.cvss_v2].filter(isRecord).map(({ vectorString }) => textOf(vectorString)),
  );
}

function urlOf(vulnerability: Record<string, unknown>, about: Record<string, unknown>): string {
  const references = [...recordsOf(vulnerability.references), ...recordsOf(about.references)];
  const own = references.find(({ category, url }) => category === 'self' && !/\.json$/.test(textOf(url)));
  return textOf((own ?? references[0])?.url);
}

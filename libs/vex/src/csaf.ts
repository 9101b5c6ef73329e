import { isRecord, recordsOf, textOf, textsOf } from '@gabion/advisories/json';
import { CsafProducts } from './csaf-products.ts';
import { Skipped } from './skipped.ts';
import { justifications, maxStatements, type Statement, type VexDocument, type VexStatus } from './statement.ts';
import { VexError } from './vex-error.ts';

type Json = Record<string, unknown>;

/** Lists of `product_status` (CSAF 2.0, 3.2.3.9) by what they say. */
const statuses: Readonly<Record<string, VexStatus>> = {
  known_not_affected: 'not_affected',
  fixed: 'fixed',
  first_fixed: 'fixed',
  known_affected: 'affected',
  first_affected: 'affected',
  last_affected: 'affected',
  under_investigation: 'under_investigation',
};

/** Reads a CSAF document of version 2.0 or 2.1, the VEX profile or another that has products. Throws VexError. */
export function readCsaf(json: Json): VexDocument {
  const document = isRecord(json.document) ? json.document : {};
  const version = textOf(document.csaf_version);
  if (!/^2\.[01]$/.test(version))
    throw new VexError('vex_version_unsupported', `CSAF ${version.slice(0, 20)} is not read; 2.0 and 2.1 are`);
  const tracking = isRecord(document.tracking) ? document.tracking : {};
  const timestamp = textOf(tracking.current_release_date);
  const about = {
    timestamp,
    author: isRecord(document.publisher) ? textOf(document.publisher.name) : '',
    documentId: textOf(tracking.id),
  };
  const products = new CsafProducts(isRecord(json.product_tree) ? json.product_tree : {});
  const skipped = new Skipped();
  const statements: Statement[] = [];
  for (const each of recordsOf(json.vulnerabilities)) {
    for (const statement of statementsOf(each, products, skipped)) statements.push({ ...statement, ...about });
    if (statements.length > maxStatements) throw new VexError('vex_too_large', `over ${maxStatements} statements`);
  }
  return { format: 'csaf', id: about.documentId, author: about.author, timestamp, statements, skipped: skipped.list };
}

type Unsigned = Omit<Statement, 'timestamp' | 'author' | 'documentId'>;

/** Products of one status that share their justification, impact and remedy are one statement. */
function statementsOf(each: Json, products: CsafProducts, skipped: Skipped): Unsigned[] {
  const vulnerabilities = [textOf(each.cve), ...recordsOf(each.ids).map(({ text }) => textOf(text))].filter(
    (id) => id !== '',
  );
  if (vulnerabilities.length === 0) skipped.add('a vulnerability without a name');
  if (vulnerabilities.length === 0 || !isRecord(each.product_status)) return [];
  const words = wordsOf(each, products);
  const groups = new Map<string, { statement: Unsigned; ids: string[] }>();
  for (const [list, status] of Object.entries(statuses)) {
    for (const id of textsOf(each.product_status[list])) {
      const statement = { vulnerabilities, products: [], status, ...words(id, status) };
      const key = JSON.stringify([status, statement.justification, statement.impact, statement.action]);
      const group = groups.get(key);
      if (group) group.ids.push(id);
      else groups.set(key, { statement, ids: [id] });
    }
  }
  return [...groups.values()].flatMap(({ statement, ids }) => {
    const found = ids.flatMap((id) => products.product(id) ?? []);
    if (found.length < ids.length)
      skipped.add(
        `${vulnerabilities[0]}: ${ids.length - found.length} products (${statement.status}) have no package URL or digest`,
      );
    return found.length === 0 ? [] : [{ ...statement, products: found }];
  });
}

/** What flags, threats and remediations say of a product. */
function wordsOf(each: Json, products: CsafProducts) {
  const byProduct = (list: unknown, textIn: (entry: Json) => string) => {
    const texts = new Map<string, string>();
    // The first text of a product counts, so a group that many entries name is looked up once.
    const seen = new Set<string>();
    const newGroups = (entry: Json) => textsOf(entry.group_ids).filter((id) => !seen.has(id) && seen.add(id));
    for (const entry of recordsOf(list)) {
      const text = textIn(entry);
      const ids = [
        ...textsOf(entry.product_ids),
        ...(text === '' ? [] : newGroups(entry).flatMap((id) => products.group(id))),
      ];
      if (text !== '') for (const id of ids) if (!texts.has(id)) texts.set(id, text);
    }
    return texts;
  };
  const labels = byProduct(each.flags, ({ label }) => textOf(label));
  const impacts = byProduct(each.threats, ({ category, details }) => (category === 'impact' ? textOf(details) : ''));
  const actions = byProduct(each.remediations, ({ details }) => textOf(details));
  return (id: string, status: VexStatus): Pick<Statement, 'justification' | 'impact' | 'action'> => {
    const justification = justifications.find((known) => known === labels.get(id));
    const [impact, action] = [impacts.get(id), actions.get(id)];
    if (status !== 'not_affected') return action ? { action } : {};
    return { ...(justification && { justification }), ...(impact && { impact }) };
  };
}

import { isRecord, listOf, recordsOf, textOf, textsOf } from '@gabion/advisories/json';
import { componentOf, isNamed } from './component-name.ts';
import { Skipped } from './skipped.ts';
import {
  type Component,
  justifications,
  maxStatements,
  type Product,
  type Statement,
  type VexDocument,
  type VexStatus,
} from './statement.ts';
import { VexError } from './vex-error.ts';

type Json = Record<string, unknown>;

const statuses: readonly string[] = ['not_affected', 'affected', 'fixed', 'under_investigation'];

/** Reads an OpenVEX document, 0.0.x to 0.2.0. Throws VexError. */
export function readOpenVex(document: Json): VexDocument {
  if (!Array.isArray(document.statements)) throw new VexError('vex_malformed', 'statements is no list');
  if (document.statements.length > maxStatements)
    throw new VexError('vex_too_large', `over ${maxStatements} statements`);
  const skipped = new Skipped();
  const timestamp = textOf(document.last_updated) || textOf(document.timestamp);
  const about = { timestamp, author: textOf(document.author), documentId: textOf(document['@id']) };
  const statements = recordsOf(document.statements).flatMap((each, i) => {
    const read = statementOf(each, about);
    if (typeof read === 'string') skipped.add(`statement ${i + 1}: ${read}`);
    return typeof read === 'string' ? [] : [read];
  });
  return {
    format: 'openvex',
    id: about.documentId,
    author: about.author,
    timestamp,
    statements,
    skipped: skipped.list,
  };
}

/** Products of one statement times the subcomponents that it has for all of them. */
const maxPairs = 1_000_000;

type About = Pick<Statement, 'timestamp' | 'author' | 'documentId'>;

function statementOf(each: Json, about: About): Statement | string {
  const vulnerabilities = namesOf(each.vulnerability);
  const pairs = listOf(each.products).length * (listOf(each.subcomponents).length || 1);
  if (pairs > maxPairs) return 'too many products and subcomponents';
  const products = productsOf(each);
  const status = textOf(each.status);
  const justification = justifications.find((known) => known === each.justification);
  const impact = textOf(each.impact_statement);
  const action = textOf(each.action_statement);
  if (vulnerabilities.length === 0) return 'no vulnerability';
  if (products.length === 0) return 'no product that can be recognised';
  if (!statuses.includes(status)) return `status ${JSON.stringify(status.slice(0, 40))}`;
  // OpenVEX 0.2.0, "Status Justifications": one of the two is required.
  if (status === 'not_affected' && !justification && impact === '') return 'not_affected without a justification';
  return {
    ...about,
    vulnerabilities,
    products,
    status: status as VexStatus,
    ...(justification && { justification }),
    ...(impact && { impact }),
    ...(action && { action }),
    timestamp: textOf(each.last_updated) || textOf(each.timestamp) || about.timestamp,
  };
}

/** Before 0.2.0 the vulnerability was a text. */
function namesOf(vulnerability: unknown): string[] {
  if (!isRecord(vulnerability)) return [textOf(vulnerability)].filter((name) => name !== '');
  const { name, aliases, '@id': id } = vulnerability;
  const names = [textOf(name), ...textsOf(aliases)].filter((each) => each !== '');
  return names.length > 0 ? names : [textOf(id).split('/').at(-1)!].filter((each) => each !== '');
}

/** Before 0.2.0 products were texts, and the subcomponents stood beside them. */
function productsOf(each: Json): Product[] {
  const listed: readonly unknown[] = Array.isArray(each.products) ? each.products : [];
  return listed.flatMap((product) => {
    const own = isRecord(product) && isFilled(product.subcomponents) ? product.subcomponents : each.subcomponents;
    const subcomponents = componentsOf(own);
    const whole = named(product);
    // One whose subcomponents all go unrecognised says nothing of the whole product.
    return isNamed(whole) && (subcomponents.length > 0 || !isFilled(own)) ? [{ ...whole, subcomponents }] : [];
  });
}

function isFilled(list: unknown): boolean {
  return Array.isArray(list) && list.length > 0;
}

function componentsOf(list: unknown): Component[] {
  return (Array.isArray(list) ? list : []).map(named).filter(isNamed);
}

function named(component: unknown): Component {
  if (!isRecord(component)) return componentOf([textOf(component)]);
  const { '@id': id, identifiers, hashes } = component;
  const purl = isRecord(identifiers) ? textOf(identifiers.purl) : '';
  const digest = isRecord(hashes) ? textOf(hashes['sha-256']) || textOf(hashes.sha256) : '';
  return componentOf([textOf(id), purl, digest]);
}

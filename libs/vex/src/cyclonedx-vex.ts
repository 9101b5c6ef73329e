import { isRecord, recordsOf, textOf } from '@gabion/advisories/json';
import { componentOf, isNamed } from './component-name.ts';
import { Skipped } from './skipped.ts';
import {
  type Component,
  type Justification,
  maxStatements,
  type Product,
  type Statement,
  type VexDocument,
  type VexStatus,
} from './statement.ts';
import { VexError } from './vex-error.ts';

type Json = Record<string, unknown>;

const maxComponents = 200_000;

const states: Readonly<Record<string, VexStatus>> = {
  resolved: 'fixed',
  resolved_with_pedigree: 'fixed',
  exploitable: 'affected',
  in_triage: 'under_investigation',
  false_positive: 'not_affected',
  not_affected: 'not_affected',
};

const words: Readonly<Record<string, Justification>> = {
  code_not_present: 'vulnerable_code_not_present',
  code_not_reachable: 'vulnerable_code_not_in_execute_path',
  requires_configuration: 'vulnerable_code_cannot_be_controlled_by_adversary',
  requires_dependency: 'component_not_present',
  requires_environment: 'vulnerable_code_cannot_be_controlled_by_adversary',
  protected_by_compiler: 'inline_mitigations_already_exist',
  protected_at_runtime: 'inline_mitigations_already_exist',
  protected_at_perimeter: 'inline_mitigations_already_exist',
  protected_by_mitigating_control: 'inline_mitigations_already_exist',
};

/** Reads what `vulnerabilities[].analysis` of a CycloneDX document (1.4 and later) says. Throws VexError. */
export function readCycloneDxVex(document: Json): VexDocument {
  if (!/^1\.[4-7]$/.test(textOf(document.specVersion)))
    throw new VexError('vex_version_unsupported', 'CycloneDX has VEX since 1.4; 1.4 to 1.7 are read');
  const metadata = isRecord(document.metadata) ? document.metadata : {};
  const subject = isRecord(metadata.component) ? metadata.component : {};
  const timestamp = textOf(metadata.timestamp);
  const id = textOf(document.serialNumber);
  const author = authorOf(metadata);
  const components = new Components(document, subject);
  const skipped = new Skipped();
  const statements: Statement[] = [];
  const vulnerabilities = recordsOf(document.vulnerabilities);
  if (vulnerabilities.length > maxStatements) throw new VexError('vex_too_large', `over ${maxStatements} statements`);
  for (const each of vulnerabilities) {
    const read = statementOf(each, components);
    if (typeof read === 'string') skipped.add(`${textOf(each.id)}: ${read}`);
    else statements.push({ timestamp, ...read, author, documentId: id });
  }
  return { format: 'cyclonedx', id, author, timestamp, statements, skipped: skipped.list };
}

type Read = Omit<Statement, 'author' | 'documentId' | 'timestamp'> & { readonly timestamp?: string };

function statementOf(each: Json, components: Components): Read | string {
  const { analysis } = each;
  if (!isRecord(analysis)) return 'no analysis';
  const status = states[textOf(analysis.state)];
  const vulnerabilities = [each, ...recordsOf(each.references)]
    .map(({ id }) => textOf(id))
    .filter((name) => name !== '');
  const products = recordsOf(each.affects).flatMap((affected) => components.affected(affected, status));
  if (!status) return `state ${JSON.stringify(textOf(analysis.state).slice(0, 40))}`;
  if (vulnerabilities.length === 0) return 'no id';
  if (products.length === 0) return 'affects nothing that can be recognised';
  const justification = words[textOf(analysis.justification)];
  const impact = textOf(analysis.detail);
  const action = textOf(each.recommendation);
  const timestamp = textOf(analysis.lastUpdated) || textOf(analysis.firstIssued);
  return {
    vulnerabilities,
    products,
    status,
    ...(status === 'not_affected' && justification && { justification }),
    ...(impact && { impact }),
    ...(action && { action }),
    ...(timestamp && { timestamp }),
  };
}

/** The components of the document by their `bom-ref`. */
class Components {
  readonly #byRef = new Map<string, Json>();
  readonly #subject: Json;

  constructor(document: Json, subject: Json) {
    this.#subject = subject;
    let level = [...recordsOf(document.components), ...recordsOf(subject.components), subject];
    for (let depth = 0; level.length > 0; depth++) {
      if (depth > 64) throw new VexError('vex_too_deep', 'components nested deeper than 64');
      if (this.#byRef.size + level.length > maxComponents)
        throw new VexError('vex_too_large', `over ${maxComponents} components`);
      for (const component of level) this.#byRef.set(textOf(component['bom-ref']), component);
      level = level.flatMap((component) => (component === subject ? [] : recordsOf(component.components)));
    }
  }

  /** The product that an entry of `affects` means; a component of an image is only meant within that image. */
  affected({ ref, versions }: Json, status: VexStatus | undefined): Product[] {
    const name = fragmentOf(textOf(ref));
    const component = this.#byRef.get(name) ?? this.#byRef.get(textOf(ref));
    const meant = component
      ? named(component, versionsOf(versions, status))
      : componentOf([name], versionsOf(versions, status));
    if (!isNamed(meant)) return [];
    const whole = this.#subject.type === 'container' ? named(this.#subject, []) : undefined;
    if (!whole || component === this.#subject || !isNamed(whole)) return [{ ...meant, subcomponents: [] }];
    return [{ ...whole, subcomponents: [meant] }];
  }
}

// BOM-Link: `urn:cdx:serial/version#bom-ref`.
function fragmentOf(ref: string): string {
  const [, fragment] = /^urn:cdx:[^#]*#(.+)$/.exec(ref) ?? [];
  if (fragment === undefined) return ref;
  try {
    return decodeURIComponent(fragment);
  } catch {
    return fragment;
  }
}

function named(component: Json, versions: readonly string[]): Component {
  const hashes = recordsOf(component.hashes).filter(({ alg }) => alg === 'SHA-256');
  const isContainer = component.type === 'container';
  const own = isContainer
    ? [textOf(component.name), textOf(component.version), ...hashes.map(({ content }) => textOf(content))]
    : [];
  return componentOf([textOf(component.purl), ...own], versions);
}

function versionsOf(list: unknown, status: VexStatus | undefined): string[] {
  const entries = recordsOf(list).map(({ version, range, status: word }) => ({
    text: textOf(version) || textOf(range),
    word,
  }));
  const isSettled = status === 'not_affected' || status === 'fixed';
  const unaffected = entries.filter(({ word }) => word === 'unaffected');
  const meant = isSettled
    ? unaffected.length > 0
      ? unaffected
      : entries
    : entries.filter(({ word }) => word !== 'unaffected');
  return meant.map(({ text }) => text).filter((text) => text !== '');
}

function authorOf(metadata: Json): string {
  const [author] = recordsOf(metadata.authors);
  const candidates = [author, metadata.supplier, metadata.manufacturer, metadata.manufacture];
  return candidates.map((each) => (isRecord(each) ? textOf(each.name) : '')).find((name) => name !== '') ?? '';
}

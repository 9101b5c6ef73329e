import type { Advisory, Affected, AffectedStatus, Applicability } from '../advisory.ts';
import { vulnerabilitiesOfErratum } from '../errata.ts';
import { cvssScores, severityOfWord } from '../severity.ts';
import { cvesIn, cwesIn } from './cve.ts';
import { rpmSystemOf, systemOfLabel } from './rpm-system.ts';
import { childrenOf, descendant, textAt, type XmlElement } from './xml-records.ts';

// OVAL 5.11: definitions are trees of criteria over tests; a test compares an object (a package) with a state (a version).

interface OvalState {
  readonly evr: string;
  readonly operation: string;
  readonly architectures: readonly string[];
}

/** Collects the parts of an OVAL document; they refer to each other, so advisories are made at its end. */
export class OvalDocument {
  readonly #definitions: XmlElement[] = [];
  readonly #tests = new Map<string, { readonly object: string; readonly states: readonly string[] }>();
  readonly #objects = new Map<string, string>();
  readonly #states = new Map<string, OvalState>();

  static isRecord(name: string): boolean {
    return (
      name === 'definition' ||
      /^(?:rpminfo|dpkginfo|rpmverifyfile|textfilecontent54|uname|family|unknown)_?(?:test|object|state)$/.test(name)
    );
  }

  take(record: XmlElement): void {
    const { id = '' } = record.attributes;
    if (record.name === 'definition') this.#definitions.push(withoutTexts(record));
    else if (record.name.endsWith('_test')) this.#tests.set(id, referencesOf(record));
    else if (/^(?:rpm|dpkg)info_object$/.test(record.name)) this.#objects.set(id, textAt(record, 'name'));
    else if (/^(?:rpm|dpkg)info_state$/.test(record.name)) this.#states.set(id, stateOf(record));
  }

  /** One advisory for each definition that speaks of packages of a known system. */
  *advisories(source: string, ecosystem?: string): Generator<Advisory> {
    for (const definition of this.#definitions) {
      const kind = definition.attributes.class;
      if (kind !== 'patch' && kind !== 'vulnerability') continue;
      const metadata = descendant(definition, 'metadata');
      const platforms = ecosystem ? [ecosystem] : platformsOf(metadata);
      const status = kind === 'vulnerability' ? unfixedStatus(metadata) : undefined;
      const criteria = descendant(definition, 'criteria');
      const affected = criteria ? [...this.#affected(criteria, { platforms, modules: [], status })] : [];
      if (affected.length > 0) yield advisoryOf(definition, distinct(affected), source);
    }
  }

  *#affected(criteria: XmlElement, around: Circumstances): Generator<Affected> {
    const here = circumstancesOf(criteria, around);
    for (const child of criteria.children) {
      if (child.name === 'criteria') yield* this.#affected(child, here);
      if (child.name === 'criterion') yield* this.#affectedByTest(child.attributes.test_ref ?? '', here);
    }
  }

  *#affectedByTest(id: string, { platforms, modules, status }: Circumstances): Generator<Affected> {
    const test = this.#tests.get(id);
    const name = this.#objects.get(test?.object ?? '') ?? '';
    if (!test || name === '' || /-release(?:-server|-notes)?$/.test(name)) return;
    const states = test.states.flatMap((state) => this.#states.get(state) ?? []);
    const state = states.find(({ operation }) => /^less than(?: or equal)?$/.test(operation));
    // A test without a state asks only whether the package is there: it has no fix.
    if (!state && (test.states.length > 0 || status === undefined)) return;
    const isModular = state === undefined || /[.]module[+_]/.test(state.evr);
    const applies: Applicability = {
      ...(modules.length > 0 && isModular ? { modules } : {}),
      ...(state && state.architectures.length > 0 ? { architectures: state.architectures } : {}),
    };
    const systems =
      platforms.length > 0 ? platforms : [rpmSystemOf('', state?.evr ?? '', '')].filter((each) => each !== undefined);
    for (const ecosystem of systems) {
      const naming = /^(?:Azure Linux|Mariner)/.test(ecosystem) ? { naming: 'either' as const } : {};
      const about = { ecosystem, name, versions: [], fixed: [], ...applies, ...naming };
      if (!state) yield { ...about, status: status!, intervals: [{}] };
      else yield { ...about, status: 'affected', intervals: [boundOf(state)] };
    }
  }
}

interface Circumstances {
  readonly platforms: readonly string[];
  readonly modules: readonly string[];
  /** What a package without a fix is; undefined: definitions of updates say nothing of such. */
  readonly status: AffectedStatus | undefined;
}

// What stands beside an alternative holds for it: `SUSE Linux Enterprise Server 15 SP5 is installed`, `Module x:1 is enabled`.
function circumstancesOf(criteria: XmlElement, around: Circumstances): Circumstances {
  if ((criteria.attributes.operator ?? 'AND') !== 'AND') return around;
  const beside = [criteria, ...criteria.children.filter(isOnlyComments)].flatMap((each) =>
    childrenOf(each, 'criterion'),
  );
  const comments = beside.map(({ attributes }) => attributes.comment ?? '');
  const platforms = comments.flatMap((text) => systemOfLabel(/^(.{1,150}) is installed$/.exec(text)?.[1] ?? '') ?? []);
  const modules = comments.flatMap((text) => /^Module (\S{1,100}) is enabled$/.exec(text)?.[1] ?? []);
  return {
    ...around,
    ...(platforms.length > 0 ? { platforms: [...new Set(platforms)] } : {}),
    ...(modules.length > 0 ? { modules } : {}),
  };
}

function isOnlyComments(criteria: XmlElement): boolean {
  return criteria.name === 'criteria' && criteria.children.every(({ name }) => name === 'criterion');
}

function boundOf({ evr, operation }: OvalState) {
  const version = evr.replace(/^0:/, '');
  return operation === 'less than' ? { before: version } : { through: version };
}

function referencesOf(test: XmlElement) {
  return {
    object: descendant(test, 'object')?.attributes.object_ref ?? '',
    states: childrenOf(test, 'state').map(({ attributes }) => attributes.state_ref ?? ''),
  };
}

function stateOf(state: XmlElement): OvalState {
  const evr = descendant(state, 'evr');
  const arch = textAt(state, 'arch');
  const isList = /^[a-z0-9_]+(?:\|[a-z0-9_]+)*$/.test(arch);
  return {
    evr: evr?.text.trim() ?? '',
    operation: evr?.attributes.operation ?? '',
    architectures: isList && !/noarch/.test(arch) ? arch.split('|') : [],
  };
}

function platformsOf(metadata: XmlElement | undefined): string[] {
  const named = childrenOf(metadata, 'affected').flatMap((affected) => childrenOf(affected, 'platform'));
  return [...new Set(named.flatMap(({ text }) => systemOfLabel(text) ?? []))];
}

// Red Hat's definitions of what has no update say what is to become of it.
function unfixedStatus(metadata: XmlElement | undefined): AffectedStatus {
  const state = descendant(metadata, 'advisory', 'affected', 'resolution')?.attributes.state ?? '';
  if (/will not fix/i.test(state)) return 'will_not_fix';
  if (/out of support/i.test(state)) return 'end_of_life';
  if (/deferred/i.test(state)) return 'fix_deferred';
  return /under investigation/i.test(state) ? 'under_investigation' : 'unfixed';
}

function advisoryOf(definition: XmlElement, affected: readonly Affected[], source: string): Advisory {
  const metadata = descendant(definition, 'metadata');
  const advisory = descendant(metadata, 'advisory');
  const title = textAt(metadata, 'title');
  const references = childrenOf(metadata, 'reference').map(({ attributes }) => attributes);
  const own = references.find(({ source: kind = '' }) => /^(?:RHSA|elsa|ALAS|CVE)$/i.test(kind)) ?? references[0];
  const id = idOf(definition, title, own?.ref_id ?? '');
  const cveElements = childrenOf(advisory, 'cve');
  const cves = [...references.map(({ ref_id = '' }) => ref_id), ...cveElements.map(({ text }) => text)].flatMap(cvesIn);
  const scores = cvssScores(
    cveElements.flatMap(({ attributes }) => /CVSS:3\S+/.exec(attributes.cvss3 ?? '')?.[0] ?? []),
  );
  const severity = severityOfWord(textAt(advisory, 'severity') || textAt(metadata, 'severity'));
  return {
    source,
    format: 'oval',
    id,
    aliases: [],
    vulnerabilities: vulnerabilitiesOfErratum(id, [...(cves.length > 0 ? cves : cvesIn(title)), id]),
    summary: title.slice(0, 300),
    url: own?.ref_url ?? '',
    ...(severity ? { severity } : {}),
    ...(scores[0] ? { cvss: scores[0], scores } : {}),
    cwes: cwesIn(cveElements.flatMap(({ attributes }) => (attributes.cwe ?? '').split(/[^A-Z0-9-]+/).slice(0, 8))),
    modified: descendant(advisory, 'updated')?.attributes.date ?? descendant(advisory, 'issued')?.attributes.date ?? '',
    isWithdrawn: definition.attributes.deprecated === 'true',
    affected,
  };
}

function idOf(definition: XmlElement, title: string, reference: string): string {
  const named = /\b(?:RH|EL|AL|RL)[SBE]A-\d{4}[:-]\d+|\bCVE-\d{4}-\d{4,}/.exec(
    `${reference} ${title.slice(0, 200)}`,
  )?.[0];
  return named ?? reference ?? definition.attributes.id ?? '';
}

function distinct(affected: readonly Affected[]): Affected[] {
  return [...new Map(affected.map((each) => [JSON.stringify(each), each])).values()];
}

// Descriptions are most of a document and are not needed.
function withoutTexts(definition: XmlElement): XmlElement {
  const metadata = descendant(definition, 'metadata');
  const description = descendant(metadata, 'description');
  if (description) description.text = '';
  return definition;
}

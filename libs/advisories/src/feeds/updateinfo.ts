import type { Advisory, Affected } from '../advisory.ts';
import { isErratum, vulnerabilitiesOfErratum } from '../errata.ts';
import { modulesOfTitle } from '../modularity.ts';
import { severityOfWord } from '../severity.ts';
import { cvesIn } from './cve.ts';
import { rpmSystemOf } from './rpm-system.ts';
import { childrenOf, descendant, textAt, type XmlElement } from './xml-records.ts';

// The errata that yum and dnf read from repositories: Amazon, Rocky, AlmaLinux, Oracle, Fedora, openSUSE, Anolis.

/**
 * Reads an `<update>`; undefined where it names no packages. Architectures are left out: a repository's file has only
 * its own, and an erratum is for all. The ecosystem is taken from the packages' releases where it is not given.
 */
export function readUpdate(update: XmlElement, source: string, ecosystem?: string): Advisory | undefined {
  const id = textAt(update, 'id');
  const title = textAt(update, 'title');
  const affected = childrenOf(descendant(update, 'pkglist'), 'collection').flatMap((collection) =>
    affectedOf(collection, { id, title, ecosystem }),
  );
  if (id === '' || affected.length === 0) return undefined;
  const references = childrenOf(descendant(update, 'references'), 'reference');
  const named = references.flatMap(({ attributes }) => cvesIn(`${attributes.id ?? ''} ${attributes.title ?? ''}`));
  const isSecurity = update.attributes.type === 'security';
  // Fedora and openSUSE name their CVEs in the text only.
  const cves =
    named.length > 0 ? named : isSecurity ? cvesIn(`${title} ${textAt(update, 'description').slice(0, 100_000)}`) : [];
  const severity = severityOfWord(textAt(update, 'severity') || title.split(':')[0]);
  return {
    source,
    format: 'updateinfo',
    id,
    aliases: [],
    vulnerabilities: cves.length > 0 || (isSecurity && isErratum(id)) ? vulnerabilitiesOfErratum(id, cves) : [],
    summary: (title || textAt(update, 'summary')).slice(0, 300),
    url: references.map(({ attributes }) => attributes).find(({ type }) => type === 'self')?.href ?? urlOf(id),
    ...(severity ? { severity } : {}),
    published: dayOf(descendant(update, 'issued')),
    modified: dayOf(descendant(update, 'updated')) || dayOf(descendant(update, 'issued')),
    isWithdrawn: false,
    affected: distinct(affected),
  };
}

interface Erratum {
  readonly id: string;
  readonly title: string;
  readonly ecosystem: string | undefined;
}

function affectedOf(collection: XmlElement, { id, title, ecosystem }: Erratum): Affected[] {
  const module = descendant(collection, 'module')?.attributes;
  const named = module?.name && module.stream ? [`${module.name}:${module.stream}`] : modulesOfTitle(title);
  const label = `${collection.attributes.short ?? ''} ${textAt(collection, 'name')}`;
  return childrenOf(collection, 'package').flatMap(({ attributes }) => {
    const { name = '', epoch = '0', version = '', release = '', arch } = attributes;
    if (name === '' || version === '' || arch === 'src') return [];
    const system = ecosystem ?? rpmSystemOf(id, release, label);
    if (system === undefined) return [];
    const modules = /[.]module[+_]/.test(release) ? named : [];
    const before = `${epoch === '' || epoch === '0' ? '' : `${epoch}:`}${version}-${release}`;
    const about = { ecosystem: system, name, versions: [], fixed: [], status: 'affected' as const };
    return [{ ...about, intervals: [{ before }], ...(modules.length > 0 ? { modules } : {}) }];
  });
}

// A package stands there once for each architecture.
function distinct(affected: readonly Affected[]): Affected[] {
  const key = ({ ecosystem, name, intervals, modules }: Affected) =>
    `${ecosystem}\n${name}\n${intervals[0]?.before}\n${modules?.join()}`;
  return [...new Map(affected.map((each) => [key(each), each])).values()];
}

function dayOf(element: XmlElement | undefined): string {
  return /^\d{4}-\d{2}-\d{2}/.exec(element?.attributes.date ?? '')?.[0] ?? '';
}

function urlOf(id: string): string {
  const name = encodeURIComponent(id);
  const alas = /^ALAS(\d*)[A-Z]*-/.exec(id);
  if (alas)
    return `https://alas.aws.amazon.com/${alas[1] ? `AL${alas[1]}/` : ''}${id.replace(/^ALAS\d+/, 'ALAS')}.html`;
  if (id.startsWith('RL')) return `https://errata.rockylinux.org/${name}`;
  if (id.startsWith('EL')) return `https://linux.oracle.com/errata/${name}.html`;
  if (id.startsWith('FEDORA')) return `https://bodhi.fedoraproject.org/updates/${name}`;
  return `https://osv.dev/vulnerability/${name}`;
}

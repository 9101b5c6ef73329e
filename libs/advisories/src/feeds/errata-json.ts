import type { Advisory, Affected } from '../advisory.ts';
import { vulnerabilitiesOfErratum } from '../errata.ts';
import { isRecord, recordsOf, textOf } from '../json.ts';
import { modulesOfTitle } from '../modularity.ts';
import { severityOfWord } from '../severity.ts';
import { cvesIn } from './cve.ts';
import { rpmSystemOf } from './rpm-system.ts';

// AlmaLinux's https://errata.almalinux.org/9/errata.json and errata.full.json, one object for each erratum.

/** Whether the value is such an erratum. */
export function isErrataJson(value: unknown): value is Record<string, unknown> {
  if (!isRecord(value)) return false;
  return Array.isArray(value.packages) || (isRecord(value.pkglist) && Array.isArray(value.pkglist.packages));
}

/** Reads an erratum; undefined where it names no packages. */
export function readErrataJson(erratum: Record<string, unknown>, source: string): Advisory | undefined {
  const id = textOf(erratum.updateinfo_id) || textOf(erratum.id);
  const title = textOf(erratum.title);
  const list = isRecord(erratum.pkglist) ? erratum.pkglist : erratum;
  const affected = recordsOf(list.packages).flatMap((item) => affectedOf(item, id, { list, title }));
  if (id === '' || affected.length === 0) return undefined;
  const references = recordsOf(erratum.references);
  const cves = references.flatMap((reference) => cvesIn(`${textOf(reference.id)} ${textOf(reference.title)}`));
  const isSecurity = textOf(erratum.type) === 'security' || /^[A-Z]+SA-/.test(id);
  const severity = severityOfWord(textOf(erratum.severity) || title.split(':')[0]);
  return {
    source,
    format: 'errata_json',
    id,
    aliases: [],
    vulnerabilities: isSecurity || cves.length > 0 ? vulnerabilitiesOfErratum(id, cves) : [],
    summary: title || textOf(erratum.summary),
    url:
      textOf(references.find(({ type }) => type === 'self')?.href) ||
      `https://errata.almalinux.org/${encodeURIComponent(id)}`,
    ...(severity ? { severity } : {}),
    modified: timeOf(erratum.updated_date) || timeOf(erratum.issued_date),
    isWithdrawn: false,
    affected,
  };
}

function affectedOf(
  item: Record<string, unknown>,
  id: string,
  { list, title }: { list: Record<string, unknown>; title: string },
): Affected[] {
  const [name, version, release] = [textOf(item.name), textOf(item.version), textOf(item.release)];
  if (name === '' || version === '' || textOf(item.arch) === 'src') return [];
  const ecosystem = rpmSystemOf(id, release, textOf(list.name));
  if (ecosystem === undefined) return [];
  const named = recordsOf(list.modules ?? [list.module]).map(
    (module) => `${textOf(module.name)}:${textOf(module.stream)}`,
  );
  const modules = /[.]module[+_]/.test(release) ? (named.length > 0 ? named : modulesOfTitle(title)) : [];
  const epoch = textOf(item.epoch);
  const before = `${epoch === '' || epoch === '0' ? '' : `${epoch}:`}${version}-${release}`;
  const about = { ecosystem, name, versions: [], fixed: [], status: 'affected' as const };
  return [{ ...about, intervals: [{ before }], ...(modules.length > 0 ? { modules } : {}) }];
}

// Dates are RFC 3339, `{ $date: milliseconds }` or seconds.
function timeOf(value: unknown): string {
  if (typeof value === 'string') return value;
  const raw = isRecord(value) ? value.$date : value;
  const milliseconds = typeof raw !== 'number' ? Number.NaN : raw > 1e11 ? raw : raw * 1000;
  return Math.abs(milliseconds) < 8.64e15 ? new Date(milliseconds).toISOString() : '';
}

import type { Advisory, AdvisoryFormat } from '../advisory.ts';
import type { Lifecycle, VulnerabilityFacts } from '../facts.ts';
import { isRecord, recordsOf } from '../json.ts';
import { isAlpineSecdb, readAlpineSecdb } from './alpine-secdb.ts';
import { isArch, readArch } from './arch.ts';
import { isCsaf, readCsaf } from './csaf.ts';
import { isDebianTrackerPackage, readDebianTrackerPackage } from './debian-tracker.ts';
import { isEndOfLife, readEndOfLife } from './endoflife.ts';
import { isErrataJson, readErrataJson } from './errata-json.ts';
import { isKev, readKev } from './kev.ts';
import { isNvd, nvdFacts, readNvd } from './nvd.ts';
import { isOsv, readOsv } from './osv.ts';
import { isPhoton, photonEcosystem, readPhoton } from './photon.ts';

/** What a file, or a part of one, held. */
export interface Contents {
  readonly format: AdvisoryFormat;
  readonly advisories: readonly Advisory[];
  readonly facts: readonly VulnerabilityFacts[];
  readonly lifecycles: readonly Lifecycle[];
}

/** Where the text comes from. */
export interface Origin {
  readonly source: string;
  readonly path: string;
  /** The ecosystem of formats that do not name one themselves. */
  readonly ecosystem?: string;
}

/** Contents of one format with some of its parts. */
export function contents(format: AdvisoryFormat, parts: Partial<Omit<Contents, 'format'>>): Contents {
  return { format, advisories: [], facts: [], lifecycles: [], ...parts };
}

/** Reads a parsed document of any of the forms in JSON; undefined: none of them, a text: why it is left out. */
export function readJsonDocument(document: unknown, origin: Origin): Contents | string | undefined {
  const { source, path } = origin;
  if (isAlpineSecdb(document)) return contents('alpine_secdb', { advisories: readAlpineSecdb(document, source) });
  if (isCsaf(document)) return contents('csaf', { advisories: readCsaf(document, source) });
  if (isKev(document)) return contents('kev', { facts: readKev(document) });
  if (isEndOfLife(document)) {
    const lifecycles = readEndOfLife(document, path);
    return typeof lifecycles === 'string' ? lifecycles : contents('endoflife', { lifecycles });
  }
  if (isOsv(document)) return contents('osv', { advisories: [readOsv(document, source)] });
  if (Array.isArray(document)) return readItems(document, origin);
  if (!isRecord(document)) return undefined;
  for (const key of listKeys) if (Array.isArray(document[key])) return readItems(document[key], origin);
  return readPackages(document, source);
}

/** Under what keys documents have their list of records: the NVD's, AlmaLinux's. */
export const listKeys = ['vulnerabilities', 'data', 'advisories', 'vulns'];

function readItems(items: readonly unknown[], origin: Origin): Contents | undefined {
  const first = items.find(isRecord);
  const { source } = origin;
  const all = recordsOf(items);
  if (isOsv(first)) return contents('osv', { advisories: all.filter(isOsv).map((item) => readOsv(item, source)) });
  if (isArch(first))
    return contents('arch', { advisories: all.filter(isArch).flatMap((item) => readArch(item, source)) });
  if (isNvd(first)) {
    const records = all.filter(isNvd);
    return contents('nvd', {
      advisories: records.flatMap((item) => readNvd(item, source) ?? []),
      facts: records.flatMap((item) => nvdFacts(item) ?? []),
    });
  }
  if (isErrataJson(first)) {
    const errata = all.filter(isErrataJson);
    return contents('errata_json', { advisories: errata.flatMap((item) => readErrataJson(item, source) ?? []) });
  }
  const ecosystem = origin.ecosystem ?? photonEcosystem(origin.path);
  if (!isPhoton(first) || ecosystem === undefined) return undefined;
  return contents('photon', {
    advisories: all.filter(isPhoton).flatMap((item) => readPhoton(item, source, ecosystem) ?? []),
  });
}

// Debian's tracker: `{ package: { CVE: { releases } } }`
function readPackages(document: Record<string, unknown>, source: string): Contents | undefined {
  const packages = Object.entries(document);
  const first = packages.find(([, value]) => isRecord(value) && Object.keys(value).length > 0);
  if (!first || !isDebianTrackerPackage(first[1])) return undefined;
  const advisories = packages.flatMap(([name, value]) =>
    isDebianTrackerPackage(value) ? readDebianTrackerPackage(name, value, source) : [],
  );
  return contents('debian_tracker', { advisories });
}

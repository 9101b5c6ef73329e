import { CvssError } from './cvss-error.ts';
import { type CvssVersion, type MetricGroup, metricGroups } from './metrics.ts';

/** A vector as written: its version and its metrics in the order in which they stood. */
export interface Vector {
  readonly version: CvssVersion;
  readonly metrics: ReadonlyMap<string, string>;
}

const prefixes: Readonly<Record<string, CvssVersion>> = { 'CVSS:3.0': '3.0', 'CVSS:3.1': '3.1', 'CVSS:4.0': '4.0' };
// Versions 2.0 and 4.0 fix the order of metrics; 3.x says that it has no meaning (3.1, section 6).
const ordered: ReadonlySet<CvssVersion> = new Set(['2.0', '4.0']);
// The longest legal vector (4.0 with every metric) has fewer than 200 characters.
const maxLength = 512;

/** Parses a vector of any version (a text without `CVSS:` prefix is version 2.0); throws CvssError. */
export function parseVector(text: string): Vector {
  if (text.length > maxLength) throw new CvssError('vector_malformed', `a vector has at most ${maxLength} characters`);
  const parts = text.split('/');
  const version = versionOf(parts);
  if (version !== '2.0') parts.shift();
  const metrics = new Map<string, string>();
  let last = -1;
  for (const part of parts) {
    const [name, value] = nameAndValue(part);
    const metric = allowed[version].get(name);
    if (!metric) throw new CvssError('metric_unknown', `CVSS ${version} has no metric "${name}"`);
    if (!metric.values.has(value)) throw new CvssError('metric_value_unknown', `"${value}" is no value of ${name}`);
    if (metrics.has(name)) throw new CvssError('metric_repeated', `${name} is given twice`);
    if (ordered.has(version) && metric.position < last)
      throw new CvssError('metric_out_of_order', `${name} stands too late in the vector`);
    last = metric.position;
    metrics.set(name, value);
  }
  requireGroups(version, metrics);
  return { version, metrics };
}

/** The text of a vector, metrics in the order in which they were given. */
export function formatVector(vector: Vector): string {
  const metrics = [...vector.metrics].map(([name, value]) => `${name}:${value}`).join('/');
  return vector.version === '2.0' ? metrics : `CVSS:${vector.version}/${metrics}`;
}

function versionOf(parts: readonly string[]): CvssVersion {
  const first = parts[0] ?? '';
  if (!first.startsWith('CVSS')) return '2.0';
  const version = prefixes[first];
  if (!version) throw new CvssError('version_unknown', `"${first}" is no version of CVSS with a vector prefix`);
  return version;
}

function nameAndValue(part: string): [string, string] {
  const colon = part.indexOf(':');
  if (colon < 1 || colon === part.length - 1) throw new CvssError('vector_malformed', `"${part}" is no metric`);
  return [part.slice(0, colon), part.slice(colon + 1)];
}

interface Allowed {
  readonly values: ReadonlySet<string>;
  readonly position: number;
}

function allowedValues(groups: readonly MetricGroup[]): ReadonlyMap<string, Allowed> {
  const metrics = groups.flatMap((group) => Object.entries(group.metrics));
  return new Map(metrics.map(([name, values], position) => [name, { values: new Set(values.split(' ')), position }]));
}

const allowed: Readonly<Record<CvssVersion, ReadonlyMap<string, Allowed>>> = {
  '2.0': allowedValues(metricGroups['2.0']),
  '3.0': allowedValues(metricGroups['3.0']),
  '3.1': allowedValues(metricGroups['3.1']),
  '4.0': allowedValues(metricGroups['4.0']),
};

function requireGroups(version: CvssVersion, metrics: ReadonlyMap<string, string>): void {
  for (const group of metricGroups[version]) {
    const names = Object.keys(group.metrics);
    const isNeeded =
      group.presence === 'mandatory' || (group.presence === 'complete' && names.some((name) => metrics.has(name)));
    const missing = isNeeded ? names.find((name) => !metrics.has(name)) : undefined;
    if (missing) throw new CvssError('metric_missing', `CVSS ${version} needs ${missing} here`);
  }
}

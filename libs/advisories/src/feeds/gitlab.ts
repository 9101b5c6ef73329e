import { orderOf } from '@gabion/versions/ecosystems';
import { isEmpty } from '@gabion/versions/interval';
import { intervalsOf, type RangeDialect } from '@gabion/versions/range';
import type { Advisory, Affected } from '../advisory.ts';
import { isRecord, textOf } from '../json.ts';
import { packageKey } from '../package-key.ts';
import { worstCvss } from '../severity.ts';
import { type FlatYaml, readFlatYaml } from './flat-yaml.ts';
import { parseYaml } from './yaml-document.ts';

const ecosystems: Readonly<Record<RangeDialect, string>> = {
  npm: 'npm',
  pypi: 'PyPI',
  go: 'Go',
  gem: 'RubyGems',
  cargo: 'crates.io',
  nuget: 'NuGet',
  packagist: 'Packagist',
  maven: 'Maven',
};

const wanted = new Set(
  'identifier identifiers package_slug title description date pubdate affected_range fixed_versions urls cvss_v2 cvss_v3 cvss_v4'.split(
    ' ',
  ),
);

/** Whether the text is an advisory of GitLab's database. */
export function isGitlab(text: string): boolean {
  return /^package_slug:/m.test(text) && /^affected_range:/m.test(text);
}

/** Reads one advisory of GitLab's database; a text says why it cannot be read. Throws AdvisoryError, RangeSyntaxError. */
export function readGitlab(text: string, source: string): Advisory | string {
  const fields = readFlatYaml(text, wanted) ?? fullYaml(text);
  const field = (name: string) => textOf(fields.get(name));
  const list = (name: string) => [fields.get(name) ?? []].flat();
  const slug = field('package_slug');
  const dialect = slug.slice(0, slug.indexOf('/'));
  if (!Object.hasOwn(ecosystems, dialect)) return `no ecosystem for "${slug.slice(0, 100)}"`;
  const id = field('identifier');
  const names = list('identifiers').filter((name) => name !== id);
  const cvss = worstCvss(['cvss_v4', 'cvss_v3', 'cvss_v2'].map(field).filter(Boolean));
  return {
    source,
    format: 'gitlab',
    id,
    aliases: names,
    vulnerabilities: [[id, ...names].find((name) => name.startsWith('CVE-')) ?? id],
    summary: field('title') || field('description').slice(0, 300),
    url: list('urls')[0] ?? '',
    ...(cvss ? { cvss } : {}),
    modified: field('date') || field('pubdate'),
    isWithdrawn: false,
    affected: affectedOf(dialect as RangeDialect, slug.slice(dialect.length + 1), {
      range: field('affected_range'),
      fixed: list('fixed_versions'),
    }),
  };
}

// Advisories that were taken back keep their file with a range that holds nothing.
function affectedOf(dialect: RangeDialect, slug: string, said: { range: string; fixed: string[] }): Affected[] {
  const ecosystem = ecosystems[dialect];
  const order = orderOf(ecosystem)!;
  const intervals = intervalsOf(dialect, said.range).filter((interval) => !isEmpty(order, interval));
  if (intervals.length === 0) return [];
  const cut = slug.lastIndexOf('/');
  const name = dialect === 'maven' && cut > 0 ? `${slug.slice(0, cut)}:${slug.slice(cut + 1)}` : slug;
  const bounds = new Set(intervals.map((interval) => interval.before));
  const fixed = said.fixed.filter((version) => !bounds.has(version));
  return [{ ecosystem, name: packageKey(ecosystem, name), status: 'affected', intervals, versions: [], fixed }];
}

function fullYaml(text: string): FlatYaml {
  const document = parseYaml(text);
  const entries = isRecord(document) ? Object.entries(document) : [];
  return new Map(
    entries.map(([key, value]) => [key, Array.isArray(value) ? value.map(textOf).filter(Boolean) : textOf(value)]),
  );
}

import type { Interval } from '@gabion/versions/interval';
import type { Advisory, Affected } from '../advisory.ts';
import type { VulnerabilityFacts } from '../facts.ts';
import { isRecord, recordsOf, textOf } from '../json.ts';
import { programOfCpe } from '../program-names.ts';
import { cvssScores } from '../severity.ts';
import { cwesIn } from './cve.ts';

// https://csrc.nist.gov/schema/nvd/api/2.0/cve_api_json_2.0.schema: `vulnerabilities: [{ cve }]`.

/** Whether the value is a record of the NVD. */
export function isNvd(value: unknown): value is { readonly cve: Record<string, unknown> } {
  return isRecord(value) && isRecord(value.cve) && textOf(value.cve.id).startsWith('CVE-') && 'vulnStatus' in value.cve;
}

/** What the NVD says of a vulnerability whatever has it; undefined for records that were rejected. */
export function nvdFacts({ cve }: { readonly cve: Record<string, unknown> }): VulnerabilityFacts | undefined {
  if (cve.vulnStatus === 'Rejected') return undefined;
  const scores = cvssScores(vectorsOf(cve));
  const cwes = cwesIn(
    recordsOf(cve.weaknesses).flatMap((weakness) => recordsOf(weakness.description).map(({ value }) => textOf(value))),
  );
  return {
    id: textOf(cve.id),
    ...(scores.length > 0 ? { scores } : {}),
    ...(cwes.length > 0 ? { cwes } : {}),
    summary: descriptionOf(cve).slice(0, 300),
    published: textOf(cve.published),
  };
}

/** The advisory for programs that no package manager brought; undefined where the record names none that is known. */
export function readNvd({ cve }: { readonly cve: Record<string, unknown> }, source: string): Advisory | undefined {
  const id = textOf(cve.id);
  const affected = cve.vulnStatus === 'Rejected' ? [] : affectedPrograms(cve);
  if (affected.length === 0) return undefined;
  const scores = cvssScores(vectorsOf(cve));
  return {
    source,
    format: 'nvd',
    id,
    aliases: [],
    vulnerabilities: [id],
    summary: descriptionOf(cve).slice(0, 300),
    url: `https://nvd.nist.gov/vuln/detail/${id}`,
    ...(scores[0] ? { cvss: scores[0], scores } : {}),
    published: textOf(cve.published),
    modified: textOf(cve.lastModified),
    isWithdrawn: false,
    affected,
  };
}

function affectedPrograms(cve: Record<string, unknown>): Affected[] {
  const programs = new Map<string, { intervals: Interval[]; versions: string[] }>();
  for (const configuration of recordsOf(cve.configurations)) {
    // Joined by AND are a program and what it runs on; that an image is that platform cannot be told.
    if (configuration.operator === 'AND') continue;
    for (const node of recordsOf(configuration.nodes)) {
      if (node.negate === true || node.operator === 'AND') continue;
      for (const item of recordsOf(node.cpeMatch)) addProgram(programs, item);
    }
  }
  return [...programs].map(([name, { intervals, versions }]) => ({
    ecosystem: 'generic',
    name,
    status: 'affected',
    intervals,
    versions,
    fixed: [],
  }));
}

function addProgram(
  programs: Map<string, { intervals: Interval[]; versions: string[] }>,
  item: Record<string, unknown>,
) {
  const [, , part, vendor, product, version = '*', update = '*', , , , target = '*'] = textOf(item.criteria).split(
    /(?<!\\):/,
  );
  const name = programOfCpe(`${vendor}:${product}`);
  // Builds for another system are not what runs in a Linux image.
  if (item.vulnerable !== true || part !== 'a' || name === undefined || /windows|macos|android|iphone/.test(target))
    return;
  const program = programs.get(name) ?? { intervals: [], versions: [] };
  programs.set(name, program);
  if (version !== '*' && version !== '-') {
    program.versions.push(`${version.replaceAll('\\', '')}${update === '*' || update === '-' ? '' : `-${update}`}`);
    return;
  }
  if (version === '*') program.intervals.push(intervalOf(item));
}

function intervalOf(item: Record<string, unknown>): Interval {
  const bound = (key: string) => textOf(item[key]);
  const [from, after] = [bound('versionStartIncluding'), bound('versionStartExcluding')];
  const [before, through] = [bound('versionEndExcluding'), bound('versionEndIncluding')];
  return {
    ...(from !== '' ? { from } : after !== '' ? { after } : {}),
    ...(before !== '' ? { before } : through !== '' ? { through } : {}),
  };
}

function vectorsOf(cve: Record<string, unknown>): string[] {
  const metrics = isRecord(cve.metrics) ? cve.metrics : {};
  // The NVD's own score before that of the one who reported it.
  const primaryFirst = (a: Record<string, unknown>, b: Record<string, unknown>) =>
    Number(a.type !== 'Primary') - Number(b.type !== 'Primary');
  return ['cvssMetricV40', 'cvssMetricV31', 'cvssMetricV30', 'cvssMetricV2'].flatMap((key) => {
    const data = recordsOf(metrics[key]).sort(primaryFirst)[0]?.cvssData;
    return isRecord(data) ? [textOf(data.vectorString)] : [];
  });
}

function descriptionOf(cve: Record<string, unknown>): string {
  const texts = recordsOf(cve.descriptions);
  return textOf((texts.find(({ lang }) => lang === 'en') ?? texts[0])?.value);
}

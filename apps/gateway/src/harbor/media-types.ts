/** Media types of the pluggable scanner API v1.2, as they are answered. */
export const mediaTypes = {
  metadata: 'application/vnd.scanner.adapter.metadata+json; version=1.1',
  metadata10: 'application/vnd.scanner.adapter.metadata+json; version=1.0',
  scanResponse: 'application/vnd.scanner.adapter.scan.response+json; version=1.0',
  vulnerabilities: 'application/vnd.security.vulnerability.report; version=1.1',
  vulnerabilities10: 'application/vnd.scanner.adapter.vuln.report.harbor+json; version=1.0',
  sbom: 'application/vnd.security.sbom.report+json; version=1.0',
  error: 'application/vnd.scanner.adapter.error+json; version=1.0',
} as const;

/** Bodies of scan requests. Some clients call them plain JSON. */
export const scanRequestTypes = [
  'application/vnd.scanner.adapter.scan.request+json; version=1.1',
  'application/vnd.scanner.adapter.scan.request+json; version=1.0',
  'application/json',
] as const;

export const sbomFormats = ['application/spdx+json', 'application/vnd.cyclonedx+json'] as const;
export type SbomFormat = (typeof sbomFormats)[number];

interface Range {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly quality: number;
}

/** Of what can be answered, in order of preference, what `Accept` wants most (RFC 9110, 12.5.1); undefined when none. */
export function preferred<T extends string>(accept: string | undefined, offered: readonly T[]): T | undefined {
  const ranges = (accept?.trim() || '*/*').slice(0, 4096).split(',').map(parsed);
  const ranked = offered
    .map((each) => ({ each, quality: qualityOf(parsed(each), ranges) }))
    .filter(({ quality }) => quality > 0)
    .sort((a, b) => b.quality - a.quality);
  return ranked[0]?.each;
}

/** Whether two media types are the same, however they are written. */
export function isSame(one: string, other: string): boolean {
  const [a, b] = [parsed(one), parsed(other)];
  return a.type === b.type && [...b.parameters].every(([name, value]) => a.parameters.get(name) === value);
}

/** That of the range which fits most closely. */
function qualityOf(offered: Range, ranges: readonly Range[]): number {
  let best = { closeness: -1, quality: 0 };
  for (const range of ranges) {
    const closeness = closenessOf(range, offered);
    if (closeness > best.closeness) best = { closeness, quality: range.quality };
  }
  return best.quality;
}

function closenessOf(range: Range, offered: Range): number {
  if (range.type === '*/*') return 0;
  if (range.type === `${offered.type.split('/')[0]}/*`) return 1;
  if (range.type !== offered.type) return -1;
  const isWithin = [...range.parameters].every(([name, value]) => offered.parameters.get(name) === value);
  return isWithin ? 2 + range.parameters.size : -1;
}

function parsed(text: string): Range {
  const [type = '', ...rest] = text.split(';').map((part) => part.trim());
  const parameters = new Map<string, string>();
  for (const part of rest) {
    const [name = '', value = ''] = part.split('=');
    parameters.set(name.trim().toLowerCase(), value.trim().replace(/^"(.*)"$/, '$1'));
  }
  const q = parameters.get('q');
  parameters.delete('q');
  parameters.delete('charset');
  const quality = q === undefined ? 1 : /^(0(\.\d{0,3})?|1(\.0{0,3})?)$/.test(q) ? Number(q) : 0;
  return { type: type.toLowerCase(), parameters, quality };
}

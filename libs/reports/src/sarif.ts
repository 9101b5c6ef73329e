import type { Severity } from '@gabion/advisories/advisory';
import { severities } from './counts.ts';
import { type Described, ordered } from './described.ts';
import { webAddress } from './escape.ts';
import type { Finding, ScanResult } from './scan-result.ts';

type Json = Readonly<Record<string, unknown>>;

// GitHub, "SARIF support for code scanning": so many results and rules are taken of one run.
const maxResults = 25_000;
const maxText = 1024;

/** A SARIF 2.1.0 log; findings over GitHub's limit are left out, the least severe first, and a notification says so. */
export function sarifReport(result: ScanResult): Json {
  const all = ordered(result);
  const shown = all.slice(0, maxResults);
  const rules = rulesOf(shown);
  const indices = new Map([...rules.keys()].map((id, i) => [id, i]));
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: result.scanner.name, version: result.scanner.version, rules: [...rules.values()] } },
        invocations: [invocationOf(result, all.length - shown.length)],
        originalUriBaseIds: { IMAGE: { description: { text: `The root of the file system of ${result.target}` } } },
        columnKind: 'utf16CodeUnits',
        results: shown.map((each) => resultOf(each, indices.get(ruleIdOf(each))!, result)),
        properties: {
          target: result.target,
          ...(result.imageDigest && { imageDigest: result.imageDigest }),
          ...(result.platform && { platform: result.platform }),
        },
      },
    ],
  };
}

function ruleIdOf({ ruleId }: Described): string {
  return ruleId.slice(0, 255) || 'unnamed';
}

/** One rule for each vulnerability, secret rule, check and licence, with the worst severity that it has here. */
function rulesOf(shown: readonly Described[]): Map<string, Json> {
  const byRule = Map.groupBy(shown, ruleIdOf);
  return new Map([...byRule].map(([id, group]) => [id, ruleOf(id, group)]));
}

function ruleOf(id: string, group: readonly Described[]): Json {
  const worst = group.reduce((a, b) => (securitySeverity(b.finding) > securitySeverity(a.finding) ? b : a));
  const { finding, title, remedy } = worst;
  const url = webAddress(worst.url);
  return {
    id,
    name: names[finding.kind],
    shortDescription: { text: short(title) },
    fullDescription: { text: short(title) },
    ...(url && { helpUri: url }),
    help: { text: [title, remedy, url ?? ''].filter((text) => text !== '').join('\n') },
    defaultConfiguration: { level: levelOf(finding.severity) },
    properties: {
      tags: ['security', finding.kind, finding.severity],
      precision: 'very-high',
      'security-severity': securitySeverity(finding).toFixed(1),
    },
  };
}

const names: Readonly<Record<Finding['kind'], string>> = {
  vulnerability: 'VulnerablePackage',
  secret: 'Secret',
  malware: 'Malware',
  configuration: 'ImageConfiguration',
  licence: 'Licence',
};

function resultOf(each: Described, ruleIndex: number, result: ScanResult): Json {
  const { finding, subject, title, remedy } = each;
  const path = finding.path || each.package?.path || '';
  const layer = result.layers.find(({ diffId }) => diffId === finding.layerDiffId);
  return {
    ruleId: ruleIdOf(each),
    ruleIndex,
    level: levelOf(finding.severity),
    message: {
      text: [subject, title, remedy]
        .filter((text) => text !== '')
        .join(': ')
        .slice(0, 4 * maxText),
    },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: uriOf(path || result.target), ...(path && { uriBaseId: 'IMAGE' }) },
          // GitHub shows nothing without a line.
          region: { startLine: Math.max(each.line ?? 1, 1) },
        },
        logicalLocations: [
          { fullyQualifiedName: `${result.target}:${subject}`, kind: each.package ? 'module' : 'resource' },
        ],
      },
    ],
    partialFingerprints: { 'gabionFinding/v1': finding.id },
    ...(finding.suppressedBy && {
      suppressions: [{ kind: 'external', status: 'accepted', justification: short(finding.suppressedBy.reason) }],
    }),
    properties: {
      ...(finding.layerDiffId && { layerDiffId: finding.layerDiffId }),
      ...(layer && { createdBy: layer.createdBy }),
      ...(each.package && { purl: each.package.purl }),
      ...(finding.kind === 'vulnerability' && vulnerabilityProperties(finding)),
    },
  };
}

function vulnerabilityProperties(finding: Extract<Finding, { kind: 'vulnerability' }>): Json {
  const { fixedVersion, epss, kev, advisory, aliases } = finding;
  return {
    aliases,
    ...(fixedVersion !== undefined && { fixedVersion }),
    ...(epss && { epss: epss.probability }),
    isKnownExploited: kev !== undefined,
    advisory: `${advisory.source} ${advisory.id}`,
    rule: advisory.rule,
  };
}

function invocationOf({ warnings, startedAt, endedAt }: ScanResult, leftOut: number): Json {
  const notifications = warnings.map(({ code, message }) => ({
    descriptor: { id: code },
    level: 'warning',
    message: { text: message },
  }));
  const text = `${leftOut} findings of the lowest severities are left out: a run has ${maxResults} results at most`;
  const cut = leftOut > 0 ? [{ descriptor: { id: 'results_left_out' }, level: 'warning', message: { text } }] : [];
  return {
    executionSuccessful: true,
    startTimeUtc: startedAt,
    endTimeUtc: endedAt,
    toolExecutionNotifications: [...cut, ...notifications],
  };
}

function levelOf(severity: Severity): string {
  if (severity === 'critical' || severity === 'high') return 'error';
  return severity === 'medium' ? 'warning' : 'note';
}

// GitHub's bands: critical over 9.0, high from 7.0, medium from 4.0, low from 0.1. The severity that counts wins over a
// score of another source that lies in another band.
const bands: readonly (readonly [number, number, number])[] = [
  [9.1, 9.5, 10],
  [7, 8, 8.9],
  [4, 5.5, 6.9],
  [0.1, 2, 3.9],
  [0.1, 0.5, 3.9],
  [0, 0, 10],
];

function securitySeverity(finding: Finding): number {
  const [low, usual, high] = bands[severities.indexOf(finding.severity)] ?? [0, 0, 10];
  const score = finding.kind === 'vulnerability' ? finding.cvss?.score : undefined;
  return score === undefined ? usual : Math.min(Math.max(score, low), high);
}

/** A relative reference (RFC 3986): every segment encoded, no scheme. */
function uriOf(path: string): string {
  const segments = path
    .toWellFormed()
    .split('/')
    .filter((segment) => segment !== '' && segment !== '.' && segment !== '..');
  return segments.map(encodeURIComponent).join('/') || 'image';
}

function short(text: string): string {
  return text.length > maxText ? `${text.slice(0, maxText - 1)}…` : text || '-';
}

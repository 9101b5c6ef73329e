import { styleText } from 'node:util';
import type { Finding, Scan } from '@gabion/contracts/gabion/scan/v1/scans_pb';
import { nameOf, type SeverityName, severityNames } from './severity.ts';

/** Where a report is shown: how wide it is and whether it has colours. */
export interface Screen {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** What a scan found, for a person: what was scanned, the findings worst first, and the sums. */
export function report(scan: Scan, findings: readonly Finding[], screen: Screen): string {
  const hasColour = Boolean(screen.isTTY) && !process.env.NO_COLOR;
  const paint = (severity: SeverityName, text: string) =>
    hasColour ? styleText(colours[severity], text, { validateStream: false }) : text;
  const lines = [...head(scan), ''];
  if (findings.length > 0) lines.push(...rows(findings, widthOf(screen), paint), '');
  for (const { code, message } of scan.warnings) lines.push(`warning: ${message} [${code}]`);
  lines.push(sums(scan, findings));
  return `${lines.join('\n')}\n`;
}

const colours: Record<SeverityName, Parameters<typeof styleText>[0]> = {
  critical: ['bold', 'red'],
  high: ['red'],
  medium: ['yellow'],
  low: ['cyan'],
  negligible: ['dim'],
  unknown: ['dim'],
};

function head({ target, imageDigest, platform, operatingSystem, packageCount }: Scan): string[] {
  const system =
    operatingSystem?.prettyName || [operatingSystem?.id, operatingSystem?.version].filter(Boolean).join(' ');
  return [target, `${imageDigest} (${platform})`, `${system || 'unknown operating system'}, ${packageCount} packages`];
}

/** 80 to 120 columns: a table that is piped somewhere must not depend on the window it was made in. */
function widthOf({ isTTY, columns }: Screen): number {
  return isTTY ? Math.min(Math.max(columns ?? 80, 80), 120) : 120;
}

const gap = 2;
const narrowest = { package: 16, installed: 12, fixed: 8 };

function rows(
  findings: readonly Finding[],
  width: number,
  paint: (severity: SeverityName, text: string) => string,
): string[] {
  const cells = findings.map((finding) => ({
    severity: nameOf(finding.severity),
    vulnerability: finding.vulnerabilityId,
    package: finding.package?.name ?? '',
    installed: finding.package?.version ?? '',
    fixed: finding.fixedVersion || '-',
  }));
  const longest = (key: keyof (typeof cells)[number], title: string) =>
    Math.max(title.length, ...cells.map((cell) => cell[key].length));
  const severity = longest('severity', 'SEVERITY');
  const vulnerability = longest('vulnerability', 'VULNERABILITY');
  const flexible = {
    package: longest('package', 'PACKAGE'),
    installed: longest('installed', 'INSTALLED'),
    fixed: longest('fixed', 'FIXED'),
  };
  shrink(flexible, width - severity - vulnerability - 4 * gap);
  const line = (cell: Record<string, string>) =>
    [
      (cell.severity ?? '').padEnd(severity),
      (cell.vulnerability ?? '').padEnd(vulnerability),
      ...(['package', 'installed', 'fixed'] as const).map((key) => fit(cell[key] ?? '', flexible[key])),
    ]
      .join(' '.repeat(gap))
      .trimEnd();
  const title = {
    severity: 'SEVERITY',
    vulnerability: 'VULNERABILITY',
    package: 'PACKAGE',
    installed: 'INSTALLED',
    fixed: 'FIXED',
  };
  const painted = cells.map((cell) => line(cell).replace(cell.severity, (word) => paint(cell.severity, word)));
  return [line(title), ...painted];
}

/** Takes from the widest column until all fit, or none can give more. */
function shrink(columns: Record<keyof typeof narrowest, number>, room: number): void {
  const keys = Object.keys(narrowest) as (keyof typeof narrowest)[];
  for (;;) {
    const sum = keys.reduce((total, key) => total + columns[key], 0);
    const givers = keys.filter((key) => columns[key] > narrowest[key]).sort((a, b) => columns[b] - columns[a]);
    const [widest] = givers;
    if (sum <= room || !widest) return;
    columns[widest]--;
  }
}

function fit(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text.padEnd(width);
}

function sums({ severityCounts }: Scan, findings: readonly Finding[]): string {
  const parts = severityNames.flatMap((name) => (severityCounts?.[name] ? [`${severityCounts[name]} ${name}`] : []));
  if (parts.length === 0) return 'No known vulnerabilities.';
  const fixable = findings.filter((finding) => finding.fixedVersion).length;
  return `${findings.length} ${findings.length === 1 ? 'finding' : 'findings'}: ${parts.join(', ')}; ${fixable} with a fixed version`;
}

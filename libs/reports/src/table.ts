import type { Severity } from '@gabion/advisories/advisory';
import { columns } from './columns.ts';
import { findingKinds } from './counts.ts';
import { type Described, ordered } from './described.ts';
import { terminalText } from './escape.ts';
import type { ReportOptions } from './render.ts';
import type { FindingKind, FixPlan, ScanResult } from './scan-result.ts';
import { aboutTarget, kindTitles, severitiesInWords, totalsInWords } from './wording.ts';

const leastWidth = 40;
const usualWidth = 100;

/** The result as plain text for a terminal. Nothing that an image holds reaches it unescaped. */
export function tableReport(result: ScanResult, { width, isColoured, includeSuppressed }: ReportOptions): string {
  const room = Math.max(width ?? usualWidth, leastWidth);
  const shown = ordered(result).filter(({ finding }) => includeSuppressed || !finding.suppressedBy);
  const byKind = Map.groupBy(shown, ({ finding }) => finding.kind);
  const sections = findingKinds.flatMap((kind) => {
    const group = byKind.get(kind) ?? [];
    if (group.length === 0) return [];
    return ['', `${kindTitles[kind]} (${group.length})`, ...rowsOf(kind, group, room, isColoured ?? false)];
  });
  return `${[...headOf(result, room), ...sections, ...planOf(result.fixPlan)].join('\n')}\n`;
}

function headOf(result: ScanResult, width: number): string[] {
  const { target, imageDigest, warnings } = result;
  const about = aboutTarget(result);
  return [
    terminalText([target, imageDigest ?? ''].filter((text) => text !== '').join('  ')),
    ...(about ? [terminalText(about)] : []),
    totalsInWords(result),
    ...warnings.flatMap(({ code, message }) => wrapped(terminalText(`warning ${code}: ${message}`), width)),
  ];
}

/** A text in lines of at most `width`, broken between words; a longer word stays whole. */
function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (longer.length <= width || line === '') {
      line = longer;
      continue;
    }
    lines.push(line);
    line = `  ${word}`;
  }
  return [...lines, line];
}

const heads: Readonly<Record<FindingKind, readonly string[]>> = {
  vulnerability: ['SEVERITY', 'VULNERABILITY', 'PACKAGE', 'INSTALLED', 'FIXED IN', 'NOTE'],
  secret: ['SEVERITY', 'RULE', 'WHERE', 'MATCH'],
  malware: ['SEVERITY', 'NAME', 'FILE'],
  configuration: ['SEVERITY', 'CHECK', 'MESSAGE', 'REMEDY'],
  licence: ['SEVERITY', 'PACKAGE', 'LICENCE', 'VERDICT'],
};

function rowsOf(kind: FindingKind, group: readonly Described[], width: number, isColoured: boolean): string[] {
  const [head, ...rows] = columns([heads[kind], ...group.map(cellsOf)], width);
  return [head!, ...rows.map((row, i) => (isColoured ? coloured(row, group[i]!.finding.severity) : row))];
}

function cellsOf(each: Described): string[] {
  const { finding, ruleId, subject } = each;
  const mark = finding.suppressedBy ? `${finding.severity} (${finding.suppressedBy.kind})` : finding.severity;
  switch (finding.kind) {
    case 'vulnerability': {
      const fixed = finding.fixedVersion ?? finding.status.replaceAll('_', ' ');
      const exploited = finding.kev ? 'exploited! ' : '';
      return [
        mark,
        ruleId,
        each.package?.name ?? '',
        each.package?.version ?? '',
        fixed,
        `${exploited}${finding.summary}`,
      ];
    }
    case 'secret': {
      const place = each.line === undefined ? subject : `${subject}:${each.line}`;
      return [mark, ruleId, `${place}${finding.isDeleted ? ' (deleted)' : ''}`, finding.redacted];
    }
    case 'malware':
      return [mark, `${finding.name} (${finding.engine})`, subject];
    case 'configuration':
      return [mark, ruleId, finding.message || finding.title, finding.remediation];
    case 'licence':
      return [mark, subject, `${finding.licence} (${finding.category})`, finding.verdict];
    default:
      throw new Error(`no row of ${String(finding satisfies never)}`);
  }
}

function planOf(plan: FixPlan | undefined): string[] {
  if (!plan) return [];
  const commands = plan.commands.flatMap(({ command, note }) => [command && `  ${command}`, note && `  # ${note}`]);
  const base = plan.baseImage?.options.map(
    ({ image, removes, adds }) =>
      `  build on ${image}: removes ${severitiesInWords(removes)}; adds ${severitiesInWords(adds)}`,
  );
  const lines = [...commands, ...(base ?? [])].filter((line) => line !== '').map((line) => terminalText(line));
  return lines.length === 0 ? [] : ['', 'What to do', ...lines, `  then left: ${severitiesInWords(plan.remaining)}`];
}

/** Select Graphic Rendition (ECMA-48, 8.3.117) of each severity. */
const colours: Readonly<Record<Severity, string>> = {
  critical: '1;31',
  high: '31',
  medium: '33',
  low: '36',
  negligible: '2',
  unknown: '2',
};

function coloured(row: string, severity: Severity): string {
  return row.startsWith(severity)
    ? `\u001b[${colours[severity]}m${severity}\u001b[0m${row.slice(severity.length)}`
    : row;
}

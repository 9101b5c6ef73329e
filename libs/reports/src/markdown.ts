import { findingKinds } from './counts.ts';
import { type Described, ordered } from './described.ts';
import { markdownText, webAddress } from './escape.ts';
import type { ReportOptions } from './render.ts';
import type { FixPlan, ScanResult } from './scan-result.ts';
import { aboutTarget, kindTitles, severitiesInWords, totalsInWords } from './wording.ts';

// GitHub takes comments of 65,536 characters.
const usualLength = 65_000;
const maxCell = 200;

/** The result as GitHub Flavored Markdown, for a comment: never longer than asked, the least severe left out first. */
export function markdownReport(result: ScanResult, { maxLength, includeSuppressed }: ReportOptions): string {
  const shown = ordered(result).filter(({ finding }) => includeSuppressed || !finding.suppressedBy);
  const text = new Bounded(maxLength ?? usualLength);
  for (const line of headOf(result)) text.add(line);
  for (const line of planOf(result.fixPlan)) text.add(line);
  for (const kind of findingKinds) {
    const group = shown.filter(({ finding }) => finding.kind === kind);
    if (group.length === 0) continue;
    const [first, ...others] = group.map((each) => `${rowOf(each)}\n`);
    // A heading is worth its place only with a row below it.
    text.add(
      `\n### ${kindTitles[kind]} (${group.length})\n\n| Severity | What | Where | Remedy |\n|---|---|---|---|\n${first}`,
    );
    for (const row of others) text.add(row);
  }
  return text.finish(shown.length);
}

/** Lines up to a length; once one has not fitted, none is added. */
class Bounded {
  readonly #max: number;
  #text = '';
  #isFull = false;

  constructor(max: number) {
    this.#max = max - 80;
  }

  add(line: string): void {
    this.#isFull ||= this.#text.length + line.length > this.#max;
    if (!this.#isFull) this.#text += line;
  }

  finish(count: number): string {
    return this.#isFull ? `${this.#text}\n_This is not all: there are ${count} findings._\n` : this.#text;
  }
}

function headOf(result: ScanResult): string[] {
  const about = aboutTarget(result);
  return [
    `## ${cell(result.target)}\n\n`,
    ...(about ? [`${cell(about)}\n\n`] : []),
    ...(result.imageDigest ? [`${cell(result.imageDigest)}\n\n`] : []),
    `**${totalsInWords(result)}**\n`,
    ...result.warnings.map(({ code, message }) => `\n- warning ${cell(code)}: ${cell(message)}`),
    ...(result.warnings.length > 0 ? ['\n'] : []),
  ];
}

function rowOf(each: Described): string {
  const { finding, ruleId, title, subject, remedy } = each;
  const url = webAddress(each.url);
  const id = url ? `[${cell(ruleId)}](<${url}>)` : cell(ruleId);
  const notes = [finding.kind === 'vulnerability' && finding.kev ? '**exploited** ' : '', suppressionOf(each)].join('');
  const where = [subject, finding.path && !subject.includes(finding.path) ? `in ${finding.path}` : ''].join(' ').trim();
  const line = each.line === undefined ? '' : `:${each.line}`;
  const what = title === ruleId ? id : `${id} ${cell(title)}`;
  return `| ${finding.severity} | ${notes}${what} | ${cell(where + line)} | ${cell(remedy)} |`;
}

function suppressionOf({ finding }: Described): string {
  return finding.suppressedBy
    ? `_suppressed (${finding.suppressedBy.kind}): ${cell(finding.suppressedBy.reason)}_ `
    : '';
}

function planOf(plan: FixPlan | undefined): string[] {
  const commands = plan?.commands.filter(({ command }) => command !== '') ?? [];
  const options = plan?.baseImage?.options ?? [];
  if (!plan || commands.length + options.length === 0) return [];
  return [
    '\n### What to do\n\n',
    ...commands.map(({ command, note }) => `- ${cell(command, 2000)}${note ? ` (${cell(note)})` : ''}\n`),
    ...options.map(
      ({ image, removes, adds }) =>
        `- build on ${cell(image)}: removes ${severitiesInWords(removes)}; adds ${severitiesInWords(adds)}\n`,
    ),
    `- then left: ${severitiesInWords(plan.remaining)}\n`,
  ];
}

function cell(text: string, max = maxCell): string {
  const [...chars] = text.slice(0, max + 1);
  return markdownText(chars.length > max ? `${text.slice(0, max - 1)}…` : text);
}

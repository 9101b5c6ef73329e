import { createHash } from 'node:crypto';
import { countsOf, findingKinds, severities } from './counts.ts';
import { type Described, ordered } from './described.ts';
import { htmlText, webAddress } from './escape.ts';
import { style } from './html-style.ts';
import type { ReportOptions } from './render.ts';
import type { FindingKind, FixPlan, ScanResult } from './scan-result.ts';
import { aboutTarget, countsInWords, kindTitles, severitiesInWords } from './wording.ts';

/** The result as one page that needs nothing else: no script, no font, no network, and a policy that forbids them. */
export function htmlReport(result: ScanResult, { includeSuppressed }: ReportOptions): string {
  const shown = ordered(result).filter(({ finding }) => includeSuppressed || !finding.suppressedBy);
  const byKind = Map.groupBy(shown, ({ finding }) => finding.kind);
  const policy = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`;
  const title = htmlText(`Scan of ${result.target}`);
  return [
    '<!doctype html>',
    '<html lang="en">',
    `<head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${policy}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="referrer" content="no-referrer">',
    `<title>${title}</title><style>${style}</style></head>`,
    `<body><main><h1>${title}</h1>`,
    headOf(result),
    planOf(result.fixPlan),
    shown.length > 0 ? filters : '<p>Nothing was found.</p>',
    ...findingKinds.map((kind) => sectionOf(kind, byKind.get(kind) ?? [])),
    `<footer>${htmlText(`${result.scanner.name} ${result.scanner.version}, ${result.endedAt}`)}</footer>`,
    '</main></body></html>\n',
  ].join('\n');
}

function headOf(result: ScanResult): string {
  const facts = [
    ['Digest', result.imageDigest ?? ''],
    ['Target', aboutTarget(result)],
    ['Packages', String(result.packages.length)],
    ['Findings', countsInWords(countsOf(result.findings))],
  ].filter(([, value]) => value !== '');
  const list = facts.map(([name, value]) => `<dt>${name}</dt><dd>${htmlText(value!)}</dd>`).join('');
  const warnings = result.warnings.map(({ code, message }) => `<li>${htmlText(`${code}: ${message}`)}</li>`).join('');
  return `<dl>${list}</dl>${warnings && `<section><h2>Warnings</h2><ul>${warnings}</ul></section>`}`;
}

// What is unchecked is hidden by the style sheet (`:has`), so that filtering needs no script.
const filters = `<fieldset><legend>Show</legend>${severities
  .map((severity) => `<label><input type="checkbox" id="show-${severity}" checked> ${severity}</label>`)
  .join(' ')}</fieldset>`;

function sectionOf(kind: FindingKind, group: readonly Described[]): string {
  if (group.length === 0) return '';
  const head = ['Severity', 'What', 'Where', 'Remedy', 'Evidence']
    .map((name) => `<th scope="col">${name}</th>`)
    .join('');
  return [
    `<section aria-labelledby="${kind}"><h2 id="${kind}">${kindTitles[kind]} (${group.length})</h2>`,
    `<table><thead><tr>${head}</tr></thead><tbody>`,
    ...group.map(rowOf),
    '</tbody></table></section>',
  ].join('\n');
}

function rowOf(each: Described): string {
  const { finding, ruleId, title, subject, remedy } = each;
  const url = webAddress(each.url);
  const id = url ? `<a href="${htmlText(url)}" rel="noreferrer">${htmlText(ruleId)}</a>` : htmlText(ruleId);
  const place = finding.path && !subject.includes(finding.path) ? finding.path : '';
  const line = each.line === undefined ? '' : ` line ${each.line}`;
  const cells = [
    `<b>${finding.severity}</b>`,
    `${id}${notesOf(each)}${title === ruleId ? '' : `<p>${htmlText(title)}</p>`}`,
    `${htmlText(subject)}${line}${place && `<p><code>${htmlText(place)}</code></p>`}`,
    htmlText(remedy),
    evidenceOf(each),
  ];
  return `<tr class="${finding.severity}">${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`;
}

function notesOf({ finding }: Described): string {
  const { suppressedBy } = finding;
  const exploited = finding.kind === 'vulnerability' && finding.kev ? ' <strong>known to be exploited</strong>' : '';
  if (!suppressedBy) return exploited;
  const { kind, status, reason, owner } = suppressedBy;
  return `${exploited} <em>${htmlText(`suppressed (${kind}, ${status}): ${reason}${owner ? ` (${owner})` : ''}`)}</em>`;
}

function evidenceOf({ finding }: Described): string {
  if (finding.kind === 'secret') return `<code>${htmlText(finding.redacted)}</code>`;
  if (finding.kind === 'malware') return htmlText(finding.digest ?? '');
  if (finding.kind === 'configuration') return htmlText(finding.benchmarks.join('; '));
  if (finding.kind !== 'vulnerability') return '';
  const { advisory, cvss, epss } = finding;
  const lines = [
    `${advisory.source} ${advisory.id}: ${advisory.rule}`,
    cvss ? `CVSS ${cvss.score} ${cvss.vector}` : '',
    epss ? `EPSS ${(epss.probability * 100).toFixed(1)} %` : '',
    finding.layerDiffId ? `layer ${finding.layerDiffId.slice(0, 19)}` : '',
  ];
  return lines
    .filter((line) => line !== '')
    .map(htmlText)
    .join('<br>');
}

function planOf(plan: FixPlan | undefined): string {
  if (!plan || plan.commands.length + (plan.baseImage?.options.length ?? 0) === 0) return '';
  const commands = plan.commands.map(
    ({ command, note }) => `<li>${command && `<pre>${htmlText(command)}</pre>`}${htmlText(note)}</li>`,
  );
  const bases = (plan.baseImage?.options ?? []).map(
    ({ image, removes, adds }) =>
      `<li>Build on ${htmlText(image)}: removes ${severitiesInWords(removes)}; adds ${severitiesInWords(adds)}</li>`,
  );
  const left = `<p>Then left: ${severitiesInWords(plan.remaining)}</p>`;
  return `<section><h2>What to do</h2><ul>${[...commands, ...bases].join('')}</ul>${left}</section>`;
}

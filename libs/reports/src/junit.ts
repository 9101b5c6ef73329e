import { findingKinds } from './counts.ts';
import { type Described, ordered } from './described.ts';
import { xmlText } from './escape.ts';
import type { ScanResult } from './scan-result.ts';
import { kindTitles } from './wording.ts';

/** JUnit's XML as CI systems read it: a suite for each kind of finding, a failure for each that counts. */
export function junitReport(result: ScanResult): string {
  const all = ordered(result);
  const suites = findingKinds.map((kind) => {
    const group = all.filter(({ finding }) => finding.kind === kind);
    const skipped = group.filter(({ finding }) => finding.suppressedBy).length;
    const counts = `tests="${group.length}" failures="${group.length - skipped}" errors="0" skipped="${skipped}"`;
    return [
      `  <testsuite name="${xmlText(`${kindTitles[kind]} of ${result.target}`)}" ${counts}>`,
      ...group.map(caseOf),
      '  </testsuite>',
    ].join('\n');
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="gabion">\n${suites.join('\n')}\n</testsuites>\n`;
}

function caseOf({ finding, ruleId, title, subject, remedy }: Described): string {
  const name = `name="${xmlText(`${ruleId} ${subject}`)}" classname="${finding.kind}"`;
  const { suppressedBy } = finding;
  const outcome = suppressedBy
    ? `<skipped message="${xmlText(suppressedBy.reason)}"/>`
    : `<failure type="${finding.severity}" message="${xmlText(title)}">${xmlText(remedy)}</failure>`;
  return `    <testcase ${name}>${outcome}</testcase>`;
}

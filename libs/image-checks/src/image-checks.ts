import type { Inspector } from '@gabion/rootfs/inspector';
import type { Analyzer } from '@gabion/rootfs/layer-contents';
import { buildChecks } from './build-checks.ts';
import type { Check, CheckedImage, CheckFinding } from './check.ts';
import { fileChecks } from './file-checks.ts';
import { accountAnalyzer, fileInspector } from './file-notes.ts';
import { runChecks } from './run-checks.ts';

/** All checks, by id. */
export const checks: readonly Check[] = [...runChecks, ...buildChecks, ...fileChecks].sort((a, b) =>
  a.id < b.id ? -1 : 1,
);

/** What `readLayer` must keep and look at for `checkImage`. */
export const imageCheckAnalyzers: readonly Analyzer[] = [accountAnalyzer];
export const imageCheckInspectors: readonly Inspector[] = [fileInspector];

/** Names the set of checks: what was found under another version is to be worked out anew. */
export const imageChecksVersion = 1;

/** Most places that one check tells of; the last says how many there are beside. */
const maxPlaces = 100;

/** Where an image falls short, in the order of the checks. */
export function checkImage(image: CheckedImage): CheckFinding[] {
  return checks.flatMap((check) => findingsOf(check, image));
}

function findingsOf(check: Check, image: CheckedImage): CheckFinding[] {
  const { id, title, severity, remediation, benchmarks } = check;
  const all = [...check.violations(image)];
  const told = all.slice(0, maxPlaces);
  return told.map((violation, index) => {
    const layer = violation.layer === undefined ? undefined : image.layers[violation.layer];
    const rest = index === maxPlaces - 1 && all.length > maxPlaces ? ` (and ${all.length - maxPlaces} more)` : '';
    return {
      checkId: id,
      title,
      severity: violation.severity ?? severity,
      message: `${violation.message}${rest}`,
      remediation,
      benchmarks,
      path: violation.path ?? '',
      layerDiffId: layer?.diffId ?? '',
      createdBy: layer?.createdBy ?? '',
    };
  });
}

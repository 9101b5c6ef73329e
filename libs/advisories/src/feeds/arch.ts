import type { Advisory, AffectedStatus } from '../advisory.ts';
import { isRecord, textOf, textsOf } from '../json.ts';
import { severityOfWord } from '../severity.ts';

// https://security.archlinux.org/all.json: groups (AVG) of issues of packages that are built together.

/** Whether the value is a group of Arch Linux's tracker. */
export function isArch(value: unknown): value is Record<string, unknown> {
  return isRecord(value) && /^AVG-\d+$/.test(textOf(value.name)) && Array.isArray(value.packages);
}

/** Reads a group, an advisory for each of its issues. The version named as affected and all before it have them. */
export function readArch(group: Record<string, unknown>, source: string): Advisory[] {
  const name = textOf(group.name);
  const severity = severityOfWord(group.severity);
  const status = statusOf(textOf(group.status));
  const fixed = textOf(group.fixed);
  const isFixed = fixed !== '' && status === 'affected';
  const affected = textsOf(group.packages).map((packageName) => ({
    ecosystem: 'Arch',
    name: packageName,
    status,
    intervals: status === 'not_affected' ? [] : [isFixed ? { before: fixed } : {}],
    versions: [],
    fixed: [],
  }));
  return textsOf(group.issues).map((id) => ({
    source,
    format: 'arch',
    id,
    aliases: [],
    vulnerabilities: [id],
    summary: textOf(group.type),
    url: `https://security.archlinux.org/${name}`,
    ...(severity ? { severity } : {}),
    isWithdrawn: false,
    affected,
  }));
}

function statusOf(word: string): AffectedStatus {
  if (word === 'Not affected') return 'not_affected';
  if (word === 'Unknown') return 'under_investigation';
  // Testing: the fix is on its way to the repositories.
  return word === 'Fixed' || word === 'Testing' ? 'affected' : 'unfixed';
}

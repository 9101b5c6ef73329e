import type { Advisory, Affected, AffectedStatus } from '../advisory.ts';
import { cvssScores, severityOfWord } from '../severity.ts';

// https://git.launchpad.net/ubuntu-cve-tracker/tree/README: RFC 822 like fields, and a line for each package and release.

const releases: ReadonlyMap<string, string> = new Map([
  ['lucid', '10.04'],
  ['precise', '12.04'],
  ['trusty', '14.04'],
  ['xenial', '16.04'],
  ['bionic', '18.04'],
  ['focal', '20.04'],
  ['groovy', '20.10'],
  ['hirsute', '21.04'],
  ['impish', '21.10'],
  ['jammy', '22.04'],
  ['kinetic', '22.10'],
  ['lunar', '23.04'],
  ['mantic', '23.10'],
  ['noble', '24.04'],
  ['oracular', '24.10'],
  ['plucky', '25.04'],
  ['questing', '25.10'],
  ['resolute', '26.04'],
]);

/** Whether the text is a record of Ubuntu's CVE tracker. */
export function isUbuntuTracker(text: string): boolean {
  return /^Candidate: ?CVE-/m.test(text.slice(0, 4000)) && /^[a-z/-]+_[^\s:]+: ?[A-Za-z-]+/m.test(text);
}

/** Reads a record of Ubuntu's CVE tracker. */
export function readUbuntuTracker(text: string, source: string): Advisory | string {
  const { fields, lines } = parsed(text);
  const id = /^CVE-\d{4}-\d{4,}$/.exec(fields.get('Candidate') ?? '')?.[0];
  if (id === undefined) return 'names no CVE';
  const severity = severityOfWord((fields.get('Priority') ?? '').split(/\s/)[0]);
  const scores = cvssScores((fields.get('CVSS') ?? '').match(/CVSS:[34]\.\d\/[A-Za-z:/]+/g) ?? []);
  return {
    source,
    format: 'ubuntu_tracker',
    id,
    aliases: [],
    vulnerabilities: [id],
    summary: (fields.get('Ubuntu-Description') || fields.get('Description') || '').slice(0, 300),
    url: `https://ubuntu.com/security/${id}`,
    ...(severity ? { severity } : {}),
    ...(scores[0] ? { cvss: scores[0], scores } : {}),
    published: (fields.get('PublicDate') ?? '').split(' ')[0]!,
    isWithdrawn: /^rejected\b/i.test(fields.get('Description') ?? ''),
    affected: lines.flatMap(affectedOf),
  };
}

interface Tracked {
  readonly fields: ReadonlyMap<string, string>;
  readonly lines: readonly string[];
}

function parsed(text: string): Tracked {
  const fields = new Map<string, string>();
  const lines: string[] = [];
  let last = '';
  for (const line of text.split('\n')) {
    if (/^[ \t]/.test(line)) {
      if (last !== '') fields.set(last, `${fields.get(last)} ${line.trim()}`.trim());
      continue;
    }
    const [, name, value = ''] = /^([A-Za-z][A-Za-z0-9-]*):(.*)$/.exec(line) ?? [];
    last = name ?? '';
    if (name !== undefined) fields.set(name, value.trim());
    else if (/^[a-z]/.test(line)) lines.push(line);
  }
  return { fields, lines };
}

// `jammy_openssl: released (3.0.2-0ubuntu1.7)`, `esm-infra/xenial_curl: needed`, `noble_foo: ignored (end of standard…)`
function affectedOf(line: string): Affected[] {
  const [, place = '', name = '', word = '', rest = ''] =
    /^([a-z0-9/-]+)_([^\s:]+):\s*([A-Za-z-]+)\s*(.*)$/.exec(line) ?? [];
  const ecosystem = ecosystemOf(place);
  if (ecosystem === undefined) return [];
  const about = { ecosystem, name, versions: [], fixed: [] };
  const note = /^\((.*)\)\s*$/.exec(rest)?.[1] ?? '';
  switch (word) {
    case 'released':
    case 'released-esm':
      // Without a version it is released with the release itself.
      return note === '' ? [] : [{ ...about, status: 'affected', intervals: [{ before: note.split(' ')[0]! }] }];
    case 'not-affected':
      return [{ ...about, status: 'not_affected', intervals: [] }];
    case 'needed':
    case 'pending':
    case 'active':
      return [{ ...about, status: 'unfixed', intervals: [{}] }];
    case 'deferred':
      return [{ ...about, status: 'fix_deferred', intervals: [{}] }];
    case 'ignored':
      return [{ ...about, status: ignoredStatus(note), intervals: [{}] }];
    case 'needs-triage':
      return [{ ...about, status: 'under_investigation', intervals: [{}] }];
    default:
      // DNE: the release does not have the package.
      return [];
  }
}

function ignoredStatus(note: string): AffectedStatus {
  return /end[ -]of[ -](?:life|standard support)|reached end|out of standard support/i.test(note)
    ? 'end_of_life'
    : 'will_not_fix';
}

/** `jammy`, `jammy/esm`, `esm-infra/xenial`, `esm-apps/focal`; other products (snaps, FIPS, devices) are no images. */
function ecosystemOf(place: string): string | undefined {
  const parts = place.split('/');
  const release = parts.map((part) => releases.get(part)).find((number) => number !== undefined);
  if (release === undefined || parts.length > 2) return undefined;
  if (parts.length === 1) return `Ubuntu:${release}`;
  return parts.some((part) => /^esm(?:-infra|-apps|-infra-legacy)?$/.test(part)) ? `Ubuntu:Pro:${release}` : undefined;
}

import type { Advisory, Affected, AffectedStatus } from '../advisory.ts';
import { isRecord, textOf } from '../json.ts';
import { severityOfWord } from '../severity.ts';
import { debianEcosystem } from './debian-releases.ts';

// https://security-tracker.debian.org/tracker/data/json: { package: { vulnerability: { description, releases } } }

/** Whether the value is what Debian's tracker says of one source package. */
export function isDebianTrackerPackage(value: unknown): value is Record<string, unknown> {
  if (!isRecord(value)) return false;
  const [first] = Object.entries(value);
  return first !== undefined && isVulnerabilityId(first[0]) && isRecord(first[1]) && isRecord(first[1].releases);
}

/** Reads what the tracker says of one source package, an advisory for each vulnerability. */
export function readDebianTrackerPackage(name: string, value: Record<string, unknown>, source: string): Advisory[] {
  return Object.entries(value).flatMap(([id, about]) => {
    if (!isVulnerabilityId(id) || !isRecord(about) || !isRecord(about.releases)) return [];
    const affected = Object.entries(about.releases).flatMap(([codename, said]) =>
      isRecord(said) ? affectedOf(name, codename, said) : [],
    );
    return affected.length === 0 ? [] : [advisoryOf(id, textOf(about.description), affected, source)];
  });
}

// `TEMP-0000000-ABCDEF` stands for a vulnerability that has no CVE yet.
function isVulnerabilityId(id: string): boolean {
  return /^(?:CVE-\d{4}-\d{4,}|TEMP-\d{7}-[0-9A-F]{6})$/.test(id);
}

function advisoryOf(id: string, description: string, affected: readonly Affected[], source: string): Advisory {
  return {
    source,
    format: 'debian_tracker',
    id,
    aliases: [],
    vulnerabilities: [id],
    summary: description.slice(0, 300),
    url: `https://security-tracker.debian.org/tracker/${id}`,
    isWithdrawn: false,
    affected,
  };
}

function affectedOf(name: string, codename: string, said: Record<string, unknown>): Affected[] {
  const ecosystem = debianEcosystem(codename);
  if (ecosystem === undefined) return [];
  const severity = severityOfWord(said.urgency);
  const about = { ecosystem, name, versions: [], fixed: [], ...(severity ? { severity } : {}) };
  const fixed = textOf(said.fixed_version);
  if (said.status === 'resolved') {
    // Version 0 says that the release never had it.
    if (fixed === '0') return [{ ...about, status: 'not_affected', intervals: [] }];
    return fixed === '' ? [] : [{ ...about, status: 'affected', intervals: [{ before: fixed }] }];
  }
  if (said.status === 'open') return [{ ...about, status: openStatus(said), intervals: [{}] }];
  // Whether the package has it was never determined; the tracker's own reports leave that out, too.
  return [];
}

function openStatus(said: Record<string, unknown>): AffectedStatus {
  if (said.urgency === 'end-of-life') return 'end_of_life';
  const why = textOf(said.nodsa_reason);
  if (why === 'ignored') return 'will_not_fix';
  // `no-dsa`: too minor for an advisory of its own, a point release may mend it.
  return why === 'postponed' || 'nodsa' in said ? 'fix_deferred' : 'unfixed';
}

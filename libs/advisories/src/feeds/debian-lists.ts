import type { Advisory, Affected } from '../advisory.ts';
import { debianEcosystem } from './debian-releases.ts';

const heading = /^\[(\d{1,2} [A-Z][a-z]{2} \d{4})\] (D[SL]A-\d+(?:-\d+)?)\s+(.*)$/;

/** Whether the text is a `DSA/list` or `DLA/list` of Debian's security tracker. */
export function isDebianLists(text: string): boolean {
  return heading.test(text.slice(0, 2_000).trimStart().split('\n')[0]!);
}

/**
 * Reads a list of the tracker. Advisories without CVE count as a vulnerability of their own if they say `security`;
 * regression updates, time zone data and announcements do not.
 */
export function readDebianLists(text: string, source: string): Advisory[] {
  const advisories: Advisory[] = [];
  let block: string[] = [];
  for (const line of [...text.split('\n'), '[']) {
    if (!line.startsWith('[')) {
      block.push(line);
      continue;
    }
    const advisory = block.length > 0 ? advisoryOf(block, source) : undefined;
    if (advisory) advisories.push(advisory);
    block = [line];
  }
  return advisories;
}

function advisoryOf([first = '', ...lines]: readonly string[], source: string): Advisory | undefined {
  const [, date = '', id = '', title = ''] = heading.exec(first) ?? [];
  if (id === '') return undefined;
  const cves = new Set<string>();
  const affected: Affected[] = [];
  for (const line of lines) {
    const named = /^\s+\{([^}]*)\}/.exec(line)?.[1];
    for (const cve of named?.split(/\s+/) ?? []) if (cve !== '') cves.add(cve);
    affected.push(...affectedOf(line));
  }
  return {
    source,
    format: 'debian_lists',
    id,
    aliases: [],
    vulnerabilities: cves.size > 0 ? [...cves] : /security|vulnerabilit/i.test(title) ? [id] : [],
    summary: title.replace(/\s+/g, ' '),
    url: id.startsWith('DSA') ? `https://www.debian.org/security/${id}` : `https://www.debian.org/lts/security/${id}`,
    modified: isoDate(date),
    isWithdrawn: false,
    affected,
  };
}

// `[bullseye] - xen 4.14.5-1`, `[wheezy] - chromium-browser <end-of-life> (reason)`
function affectedOf(line: string): Affected[] {
  const [, codename = '', name = '', verdict = ''] = /^\s+\[([a-z]+)\]\s+- (\S+)\s+(<[a-z-]+>|\S+)/.exec(line) ?? [];
  const ecosystem = debianEcosystem(codename);
  if (ecosystem === undefined) return [];
  const about = { ecosystem, name, versions: [], fixed: [] };
  switch (verdict) {
    case '<not-affected>':
      return [{ ...about, status: 'not_affected', intervals: [] }];
    case '<end-of-life>':
      return [{ ...about, status: 'end_of_life', intervals: [{}] }];
    case '<unfixed>':
      return [{ ...about, status: 'unfixed', intervals: [{}] }];
    case '<no-dsa>':
    case '<postponed>':
      return [{ ...about, status: 'fix_deferred', intervals: [{}] }];
    case '<ignored>':
      return [{ ...about, status: 'will_not_fix', intervals: [{}] }];
    case '<undetermined>':
    case '<removed>':
    case '<itp>':
      return [];
    default:
      return [{ ...about, status: 'affected', intervals: [{ before: verdict }] }];
  }
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

function isoDate(date: string): string {
  const [day = '', month = '', year = ''] = date.split(' ');
  return `${year}-${String(months.indexOf(month) + 1).padStart(2, '0')}-${day.padStart(2, '0')}`;
}

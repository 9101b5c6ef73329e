import type { Advisory } from '../advisory.ts';
import { isRecord, recordsOf, textOf, textsOf } from '../json.ts';

/** Whether a parsed document is a database of security fixes: Alpine's (YAML or JSON), Wolfi's, Chainguard's. */
export function isAlpineSecdb(document: unknown): document is Record<string, unknown> {
  if (!isRecord(document) || !('packages' in document)) return false;
  return typeof document.distroversion === 'string' || familyOf(document) !== undefined;
}

/** Reads such a database, one advisory for each vulnerability of each package. Names are those of origins. */
export function readAlpineSecdb(document: Record<string, unknown>, source: string): Advisory[] {
  const branch = textOf(document.distroversion);
  const ecosystem = familyOf(document) ?? `Alpine:${branch === 'edge' ? 'edge' : branch.replace(/^v?/, 'v')}`;
  return recordsOf(document.packages).flatMap(({ pkg }) => {
    if (!isRecord(pkg) || !isRecord(pkg.secfixes)) return [];
    const name = textOf(pkg.name);
    if (name === '') return [];
    return Object.entries(pkg.secfixes).flatMap(([version, fixed]) =>
      textsOf(fixed).flatMap((line) => {
        const names = namesOf(line);
        const cves = names.filter((each) => each.startsWith('CVE-'));
        // Several CVEs in one line are several vulnerabilities; whose the other names are is not told.
        const vulnerabilities = cves.length > 1 ? cves.map((cve) => [cve]) : names.length > 0 ? [names] : [];
        return vulnerabilities.map((each) => advisoryOf(each, { ecosystem, name, version, source }));
      }),
    );
  });
}

// The rolling distributions have no release; their databases tell themselves apart by where the packages are.
function familyOf(document: Record<string, unknown>): string | undefined {
  const place = `${textOf(document.urlprefix)} ${textOf(document.apkurl)} ${textOf(document.reponame)}`.toLowerCase();
  if (place.includes('cgr.dev') || place.includes('chainguard')) return 'Chainguard';
  if (place.includes('wolfi')) return 'Wolfi';
  return place.includes('minimus') || place.includes('minimos') ? 'MinimOS' : undefined;
}

interface Fix {
  readonly ecosystem: string;
  readonly name: string;
  readonly version: string;
  readonly source: string;
}

function advisoryOf(names: readonly string[], fix: Fix): Advisory {
  const [id = '', ...aliases] = names;
  // Version 0 says that no version of the distribution's has ever had it.
  const isNever = fix.version === '0';
  return {
    source: fix.source,
    format: 'alpine_secdb',
    id,
    aliases,
    vulnerabilities: [id],
    summary: '',
    url: urlOf(id, fix.ecosystem),
    isWithdrawn: false,
    affected: [
      {
        ecosystem: fix.ecosystem,
        name: fix.name,
        status: isNever ? 'not_affected' : 'affected',
        intervals: isNever ? [] : [{ before: fix.version }],
        versions: [],
        fixed: [],
      },
    ],
  };
}

function urlOf(id: string, ecosystem: string): string {
  const name = encodeURIComponent(id);
  if (ecosystem.startsWith('Alpine')) return `https://security.alpinelinux.org/vuln/${name}`;
  return id.startsWith('CVE-') ? `https://nvd.nist.gov/vuln/detail/${name}` : `https://osv.dev/vulnerability/${name}`;
}

// `CVE-2017-2616 (+ regression fix)`, `CVE-2019-1 GHSA-x-y-z`: the first is the vulnerability, CVEs before others.
function namesOf(line: string): string[] {
  const words = line.slice(0, 1000).split(/[\s,;()]+/);
  const names = words
    .filter((word) => /^[A-Za-z]+-[A-Za-z0-9?-]+$/.test(word) && /^GHSA-|[0-9?]/.test(word))
    // `CVE-2017-17434-1` numbers the patches of one vulnerability.
    .map((word) => /^CVE-\d{4}-\d{4,}(?=-)/.exec(word)?.[0] ?? word);
  return [...new Set(names)].sort((a, b) => Number(b.startsWith('CVE-')) - Number(a.startsWith('CVE-')));
}

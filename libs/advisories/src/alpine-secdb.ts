import type { Advisory } from './advisory.ts';
import { isRecord, recordsOf, textOf, textsOf } from './json.ts';

/** Whether a parsed document is a database of Alpine's security fixes (YAML of the repository, JSON of the site). */
export function isAlpineSecdb(document: unknown): document is Record<string, unknown> {
  return isRecord(document) && typeof document.distroversion === 'string' && 'packages' in document;
}

/** Reads a database of Alpine, one advisory for each vulnerability of each package. Names are those of origins. */
export function readAlpineSecdb(document: Record<string, unknown>, source: string): Advisory[] {
  const branch = textOf(document.distroversion);
  const ecosystem = `Alpine:${branch === 'edge' ? 'edge' : branch.replace(/^v?/, 'v')}`;
  return recordsOf(document.packages).flatMap(({ pkg }) => {
    if (!isRecord(pkg) || !isRecord(pkg.secfixes)) return [];
    const name = textOf(pkg.name);
    return Object.entries(pkg.secfixes).flatMap(([version, fixed]) =>
      textsOf(fixed).flatMap((line) => {
        const names = namesOf(line);
        return names.length > 0 ? [advisoryOf(names, { ecosystem, name, version, source })] : [];
      }),
    );
  });
}

interface Fix {
  readonly ecosystem: string;
  readonly name: string;
  readonly version: string;
  readonly source: string;
}

function advisoryOf(names: readonly string[], fix: Fix): Advisory {
  const [id = '', ...aliases] = names;
  // Version 0 says that no version of Alpine's has ever had it.
  const isNever = fix.version === '0';
  return {
    source: fix.source,
    format: 'alpine_secdb',
    id,
    aliases,
    vulnerabilities: [id],
    summary: '',
    url: `https://security.alpinelinux.org/vuln/${encodeURIComponent(id)}`,
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

// `CVE-2017-2616 (+ regression fix)`, `CVE-2019-1 GHSA-x-y-z`: the first is the vulnerability, CVEs before others.
function namesOf(line: string): string[] {
  const names = line.split(/[\s,;()]+/).filter((word) => /^[A-Za-z]+-[A-Za-z0-9?-]*[0-9?][A-Za-z0-9?-]*$/.test(word));
  return names.sort((a, b) => Number(b.startsWith('CVE-')) - Number(a.startsWith('CVE-')));
}

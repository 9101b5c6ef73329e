import type { Advisory } from '../advisory.ts';
import { isRecord, textOf } from '../json.ts';

// https://packages.vmware.com/photon/photon_cve_metadata/cve_data_photon5.0.json: one object for each package and CVE.

/** Whether the value is what Photon says of one package and CVE. */
export function isPhoton(value: unknown): value is Record<string, unknown> {
  return isRecord(value) && 'cve_id' in value && 'pkg' in value && 'res_ver' in value;
}

/** Reads one such statement; the release is told by the file's name only. Names are those of source packages. */
export function readPhoton(value: Record<string, unknown>, source: string, ecosystem: string): Advisory | undefined {
  const [id, name, fixed] = [textOf(value.cve_id), textOf(value.pkg), textOf(value.res_ver)];
  if (!/^CVE-\d{4}-\d{4,}$/.test(id) || name === '') return undefined;
  const about = { ecosystem, name, versions: [], fixed: [], naming: 'either' as const };
  const isFixed = fixed !== '' && fixed !== 'NA';
  const isNever = /not affected/i.test(textOf(value.status));
  return {
    source,
    format: 'photon',
    id,
    aliases: [],
    vulnerabilities: [id],
    summary: '',
    url: `https://nvd.nist.gov/vuln/detail/${id}`,
    isWithdrawn: false,
    affected: [
      isNever || fixed === '0'
        ? { ...about, status: 'not_affected', intervals: [] }
        : { ...about, status: isFixed ? 'affected' : 'unfixed', intervals: [isFixed ? { before: fixed } : {}] },
    ],
  };
}

/** `Photon OS:5.0` of `cve_data_photon5.0.json`. */
export function photonEcosystem(path: string): string | undefined {
  const release = /photon[_-]?(\d\.\d)/i.exec(path)?.[1];
  return release === undefined ? undefined : `Photon OS:${release}`;
}

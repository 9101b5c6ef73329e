import type { VulnerabilityFacts } from '../facts.ts';
import { isRecord, recordsOf, textOf, textsOf } from '../json.ts';
import { cwesIn } from './cve.ts';

/** Whether a parsed document is CISA's catalogue of known exploited vulnerabilities. */
export function isKev(document: unknown): document is Record<string, unknown> {
  return isRecord(document) && 'catalogVersion' in document && Array.isArray(document.vulnerabilities);
}

/** Reads the catalogue. */
export function readKev(document: Record<string, unknown>): VulnerabilityFacts[] {
  return recordsOf(document.vulnerabilities).flatMap((entry) => {
    const id = textOf(entry.cveID);
    if (!/^CVE-\d{4}-\d{4,}$/.test(id)) return [];
    const cwes = cwesIn(textsOf(entry.cwes));
    const kev = {
      addedOn: textOf(entry.dateAdded),
      dueOn: textOf(entry.dueDate),
      isUsedByRansomware: textOf(entry.knownRansomwareCampaignUse) === 'Known',
    };
    return [{ id, kev, summary: textOf(entry.vulnerabilityName), ...(cwes.length > 0 ? { cwes } : {}) }];
  });
}

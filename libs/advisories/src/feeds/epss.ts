import { AdvisoryError } from '../advisory-error.ts';
import type { VulnerabilityFacts } from '../facts.ts';

// https://www.first.org/epss/data_stats: `#model_version:…,score_date:…`, `cve,epss,percentile`; snapshots have `;` and no head.

const line = /^(CVE-\d{4}-\d{4,10})([,;])([\d.eE-]{1,24})\2([\d.eE-]{1,24})\r?$/;

/** Whether the text is a table of EPSS scores. */
export function isEpss(text: string): boolean {
  const head = text.slice(0, 1000).trimStart();
  return /^#model_version:/.test(head) || /^cve[,;]epss[,;]percentile/i.test(head) || line.test(head.split('\n')[0]!);
}

/** Reads a table; throws AdvisoryError at a line that is no score, as half a table would rank wrongly. */
export function readEpss(text: string): VulnerabilityFacts[] {
  const date = /score_date:(\d{4}-\d{2}-\d{2})/.exec(text.slice(0, 1000))?.[1] ?? '';
  const facts: VulnerabilityFacts[] = [];
  let number = 0;
  for (const row of text.split('\n')) {
    number++;
    if (row.trim() === '' || row.startsWith('#') || /^cve[,;]/i.test(row)) continue;
    const [, id, , score = '', percentile = ''] = line.exec(row) ?? [];
    const values = { score: Number(score), percentile: Number(percentile) };
    if (id === undefined || !isShare(values.score) || !isShare(values.percentile))
      throw new AdvisoryError('csv_malformed', `line ${number} is no score: ${row.slice(0, 60)}`);
    facts.push({ id, epss: { ...values, date } });
  }
  return facts;
}

function isShare(value: number): boolean {
  return value >= 0 && value <= 1;
}

import { Fault } from '@gabion/rpc/fault';
import type { CurrentFindings, Known, Summary, View } from '../current-findings.ts';
import type { ScanRow } from '../scan.ts';
import type { Scans } from '../scans.ts';

/** A scan that has succeeded, with all that is known against its image now. */
export interface Scanned {
  readonly row: ScanRow;
  readonly known: Known;
  readonly summary: Summary;
}

/** The scans that a report or a plan can be made of. */
export class ScannedImages {
  constructor(
    private readonly scans: Scans,
    private readonly current: CurrentFindings,
  ) {}

  async of(scanId: string, now: Date): Promise<Scanned> {
    const row = await this.scans.get(scanId);
    if (!row.image_id)
      throw new Fault('failed_precondition', `scan ${scanId} has not succeeded: there is nothing to tell of it`, {
        code: 'scan_not_succeeded',
      });
    if (!row.has_contents)
      throw new Fault('failed_precondition', `scan ${scanId} is of an older Gabion; scan the image again`, {
        code: 'scan_outdated',
      });
    const view: View = { imageId: row.image_id, names: [row.target], kinds: row.kinds };
    const [summary] = await this.current.summaries([view], now);
    return { row, known: await this.current.of(view), summary: summary! };
  }
}

import type { MessageInitShape } from '@bufbuild/protobuf';
import type { FixPlanSchema, GetFixPlanRequest } from '@gabion/contracts/gabion/scan/v1/scans_pb';
import { fixPlanMessage } from './fix-plan-message.ts';
import type { FixPlans } from './fix-plans.ts';
import type { Reports } from './reports.ts';
import type { ScannedImages } from './scanned.ts';

/** What a scan comes to for whoever asked: a document, or what to do. */
export class Answers {
  constructor(
    private readonly scanned: ScannedImages,
    private readonly plans: FixPlans,
    private readonly reports: Reports,
  ) {}

  async fixPlan({ scanId, filter }: GetFixPlanRequest): Promise<MessageInitShape<typeof FixPlanSchema>> {
    const now = new Date();
    return fixPlanMessage(await this.plans.of(await this.scanned.of(scanId, now), filter, now));
  }

  report(request: Parameters<Reports['of']>[0]): ReturnType<Reports['of']> {
    return this.reports.of(request);
  }
}

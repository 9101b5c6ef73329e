import type { MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import type { FixPlanSchema } from '@gabion/contracts/gabion/scan/v1/scans_pb';
import type { FixPlan } from '@gabion/reports/scan-result';

/** A plan as callers see it. */
export function fixPlanMessage(plan: FixPlan): MessageInitShape<typeof FixPlanSchema> {
  const { upgrades, commands, baseImage, remaining, unfixableCount } = plan;
  return {
    upgrades: upgrades.map(({ exploitedCount, isInBaseImage, packages, vulnerabilityIds, ...upgrade }) => ({
      ...upgrade,
      packages: [...packages],
      vulnerabilityIds: [...vulnerabilityIds],
      exploited: exploitedCount,
      inBaseImage: isInBaseImage,
    })),
    commands: commands.map((command) => ({ ...command })),
    ...(baseImage && {
      baseImage: {
        ...baseImage,
        options: baseImage.options.map(({ scannedAt, ...option }) => ({
          ...option,
          scanTime: timestampFromDate(new Date(scannedAt)),
        })),
      },
    }),
    remaining,
    unfixable: unfixableCount,
  };
}

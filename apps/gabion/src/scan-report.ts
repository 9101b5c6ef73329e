import { randomUUID } from 'node:crypto';
import type { ReportFormat, ReportOptions } from '@gabion/reports/render';
import type { ScanResult } from '@gabion/reports/scan-result';

/** Where a report is shown: how wide it is and whether it has colours. */
export interface Screen {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** A result in a format; a table suits the screen. */
export async function rendered(
  result: ScanResult,
  format: ReportFormat,
  options: Partial<ReportOptions>,
  screen: Screen,
): Promise<string> {
  const { render } = await import('@gabion/reports/render');
  return render(result, format, {
    serialNumber: randomUUID(),
    createdAt: new Date().toISOString(),
    width: widthOf(screen),
    isColoured: Boolean(screen.isTTY) && !process.env.NO_COLOR,
    ...options,
  });
}

/** 80 to 120 columns: a table that is piped somewhere must not depend on the window it was made in. */
function widthOf({ isTTY, columns }: Screen): number {
  return isTTY ? Math.min(Math.max(columns ?? 80, 80), 120) : 120;
}

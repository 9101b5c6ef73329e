import { writeFile } from 'node:fs/promises';
import { FindingKind, ReportFormat, ScanService } from '@gabion/contracts/gabion/scan/v1/scans_pb';
import { aimAt, scansOf, type TargetOptions } from './scanning.ts';
import { scannerFor } from './solo-scanner.ts';

export interface SbomOptions extends TargetOptions {
  readonly format: 'cyclonedx' | 'spdx';
  readonly formatVersion?: string;
  readonly output?: string;
}

/** Scans a target and writes what it consists of. */
export async function sbom(asked: string, options: SbomOptions): Promise<void> {
  const aim = await aimAt(asked, options);
  await using scanner = await scannerFor(options.data);
  const [scan] = await scansOf(scanner, aim, options);
  // Of licences no SBOM says more than its packages do: vulnerabilities are left out.
  const filter = { kinds: [FindingKind.LICENCE] };
  const format = options.format === 'spdx' ? ReportFormat.SPDX : ReportFormat.CYCLONEDX;
  const request = { scanId: scan!.id, format, filter, formatVersion: options.formatVersion ?? '' };
  const chunks = await Array.fromAsync(scanner.client(ScanService).getReport(request, scanner.as));
  const bytes = Buffer.concat(chunks.map(({ data }) => data));
  if (options.output) await writeFile(options.output, bytes);
  else process.stdout.write(bytes);
}

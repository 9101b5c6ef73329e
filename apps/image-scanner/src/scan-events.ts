import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { ImageScannedSchema, MalwareFoundSchema, ScanFailedSchema } from '@gabion/contracts/gabion/scan/v1/events_pb';
import { FindingKind } from '@gabion/contracts/gabion/scan/v1/scans_pb';
import { publish } from '@gabion/events/publish';
import type { Tx } from '@gabion/postgres/database';
import type { Counts } from './finding-counts.ts';
import { findingMessages } from './finding-message.ts';
import { isOfKind } from './finding-selection.ts';
import type { ImageFinding } from './image-findings.ts';
import type { KnownImage } from './images.ts';
import type { LeasedScan } from './queue.ts';

const maxMalwareTold = 100;

/** Tells what a scan has found: that it has ended, and malware where there is any. */
export async function publishScanned(
  tx: Tx,
  scan: LeasedScan,
  image: KnownImage,
  { counts, all }: { readonly counts: Counts; readonly all: readonly ImageFinding[] },
): Promise<void> {
  const about = {
    scanId: scan.id,
    target: scan.target,
    imageDigest: image.manifest_digest,
    platform: image.platform,
    scanTime: timestampFromDate(new Date()),
  };
  await publish(tx, ImageScannedSchema, {
    ...about,
    ...(image.operating_system && { operatingSystem: image.operating_system }),
    severityCounts: counts.severities,
    findingCounts: counts.findings,
    packageCount: image.package_count,
  });
  const asked = all.filter((each) => !each.suppression && isOfKind(each, scan.kinds));
  const malware = asked.filter((each) => isOfKind(each, [FindingKind.MALWARE]));
  if (malware.length === 0) return;
  const findings = await findingMessages(tx, malware.slice(0, maxMalwareTold), image.layers);
  await publish(tx, MalwareFoundSchema, { ...about, findings, findingCount: malware.length });
}

/** Tells that a scan has ended without a result. */
export async function publishFailed(
  tx: Tx,
  scan: LeasedScan,
  error: { readonly code: string; readonly message: string },
): Promise<void> {
  const failTime = timestampFromDate(new Date());
  await publish(tx, ScanFailedSchema, { scanId: scan.id, target: scan.target, error, failTime });
}

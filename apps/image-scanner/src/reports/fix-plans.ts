import { create } from '@bufbuild/protobuf';
import {
  type FindingFilter,
  FindingFilterSchema,
  FindingKind,
  Severity,
} from '@gabion/contracts/gabion/scan/v1/scans_pb';
import type { Database } from '@gabion/postgres/database';
import { type BaseFinding, rebaseDifference } from '@gabion/remediation/base-image';
import { fixPlan, type Vulnerable } from '@gabion/remediation/fix-plan';
import { countsOf } from '@gabion/remediation/risk';
import { severities } from '@gabion/reports/counts';
import type { BaseImageAdvice, FixPlan, RebaseOption } from '@gabion/reports/scan-result';
import type { CurrentFindings } from '../current-findings.ts';
import { selected } from '../finding-selection.ts';
import type { ImageFinding } from '../image-findings.ts';
import { baseImageOf, otherBases, type StoredImage } from './base-images.ts';
import type { Scanned } from './scanned.ts';
import { severityWord } from './severity-word.ts';

/** What to do about the vulnerabilities of images. */
export class FixPlans {
  constructor(
    private readonly db: Database,
    private readonly current: CurrentFindings,
  ) {}

  async of({ row, known }: Scanned, filter: FindingFilter | undefined, now: Date): Promise<FixPlan> {
    const vulnerable = vulnerabilities(known.all, filter, now).map(vulnerableOf);
    const plan = fixPlan(vulnerable, row.operating_system ?? undefined);
    const layers = (row.layers ?? []).map(({ diffId }) => diffId);
    const base = row.target_kind === 'image' ? await baseImageOf(this.db, layers) : undefined;
    const own = new Set(base?.layers);
    return {
      upgrades: plan.upgrades.map(({ type, exploited, ...upgrade }) => ({
        ...upgrade,
        packageType: type,
        exploitedCount: exploited,
        isInBaseImage: own.has(upgrade.layerDiffId),
      })),
      commands: plan.commands.map(({ type, ...command }) => ({ ...command, packageType: type })),
      ...(base && { baseImage: await this.#advice(base, filter, now) }),
      remaining: plan.remaining,
      unfixableCount: plan.unfixable,
    };
  }

  async #advice(base: StoredImage, filter: FindingFilter | undefined, now: Date): Promise<BaseImageAdvice> {
    const brings = await this.#found(base, filter, now);
    const options: RebaseOption[] = [];
    for (const other of await otherBases(this.db, base)) {
      const { removes, adds } = rebaseDifference(brings, await this.#found(other, filter, now));
      const { digest: imageDigest, scanTime } = other;
      options.push({ image: nameOf(other), imageDigest, scannedAt: scanTime.toISOString(), removes, adds });
    }
    return {
      base: nameOf(base),
      baseDigest: base.digest,
      layerCount: base.layers.length,
      brings: countsOf(brings),
      options: options.sort(byGain),
    };
  }

  async #found(image: StoredImage, filter: FindingFilter | undefined, now: Date): Promise<BaseFinding[]> {
    const { all } = await this.current.of({ imageId: image.id, names: image.names, kinds: [] });
    return vulnerabilities(all, filter, now).map(({ vulnerability, severity, name }) => ({
      vulnerabilityId: vulnerability!.vulnerability_id,
      packageName: name,
      severity: severityWord(severity),
    }));
  }
}

/** The vulnerabilities that a filter leaves and nothing suppresses. */
function vulnerabilities(all: readonly ImageFinding[], asked: FindingFilter | undefined, now: Date): ImageFinding[] {
  const filter = { ...(asked ?? create(FindingFilterSchema)), includeSuppressed: false };
  const kinds = [FindingKind.VULNERABILITY];
  return selected(all, { filter, minimumSeverity: Severity.UNSPECIFIED, kinds }, now);
}

function vulnerableOf({ vulnerability, subject, severity, isExploited, epssScore }: ImageFinding): Vulnerable {
  const { vulnerability_id: vulnerabilityId, fixed_version: fixedVersion } = vulnerability!;
  return {
    vulnerabilityId,
    severity: severityWord(severity),
    package: subject!,
    ...(fixedVersion && { fixedVersion }),
    isExploited,
    epss: epssScore,
  };
}

function nameOf({ names, digest }: StoredImage): string {
  return names[0] ?? digest;
}

/** What removes the most of the worst severity first. */
function byGain(a: RebaseOption, b: RebaseOption): number {
  for (const severity of severities) {
    const gain = (option: RebaseOption) => option.removes[severity] - option.adds[severity];
    if (gain(a) !== gain(b)) return gain(b) - gain(a);
  }
  return a.scannedAt < b.scannedAt ? 1 : -1;
}

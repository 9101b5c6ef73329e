import type { CvssScore } from '@gabion/advisories/advisory';
import type { Severity } from '@gabion/contracts/gabion/scan/v1/scans_pb';
import type { Package } from '@gabion/inventory/package';
import { decodeContentsNow } from './image-contents.ts';
import { findingsOf, type ImageFinding } from './image-findings.ts';

/** A difference of a component as it is stored. */
export interface FindingChangeRow {
  readonly component_id: number;
  readonly is_added: boolean;
  readonly vulnerability_id: string;
  readonly names: readonly string[];
  readonly severity: Severity;
  readonly fixed_version: string;
  readonly source: string;
  readonly is_exploited: boolean;
  /** What others score where the advisories do not. */
  readonly scores: readonly CvssScore[] | null;
}

/** A difference in one place of an image. */
export interface PlacedChange {
  readonly isAdded: boolean;
  readonly source: string;
  readonly finding: ImageFinding;
}

/** The differences of an image's components, each in every place where it holds the component. */
export function placedChanges(
  contents: Buffer,
  components: readonly number[],
  changes: readonly FindingChangeRow[],
): { placed: PlacedChange[]; packages: readonly Package[] } {
  const { packages } = decodeContentsNow(contents);
  const placed = changes.flatMap(({ is_added: isAdded, source, ...change }) => {
    const finding = { ...change, cvss_score: 0, is_malicious: false, known_since: new Date(0), epss_score: null };
    const here = findingsOf({ packages, findings: [] }, components, [finding]);
    return here.map((each) => ({ isAdded, source, finding: each }));
  });
  return { placed, packages };
}

import type { Package } from '@gabion/inventory/package';
import { decodeContentsNow } from './image-contents.ts';
import { type ComponentFinding, findingsOf, type ImageFinding } from './image-findings.ts';

/** A difference of a component, with the finding that came or went. */
export interface FindingChange extends ComponentFinding {
  readonly is_added: boolean;
  readonly source: string;
}

/** A difference in one place of an image. */
export interface PlacedChange {
  readonly finding: ImageFinding;
  readonly change: FindingChange;
}

/** The differences of an image's components, each in every place where it holds the component. */
export function placedChanges(
  contents: Buffer,
  components: readonly number[],
  changes: readonly FindingChange[],
): { placed: PlacedChange[]; packages: readonly Package[] } {
  const { packages } = decodeContentsNow(contents);
  const found = findingsOf({ packages, findings: [] }, components, changes);
  return { placed: found.map((finding) => ({ finding, change: finding.vulnerability as FindingChange })), packages };
}

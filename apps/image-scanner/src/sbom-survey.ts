import type { Package } from '@gabion/inventory/package';
import type { LicencePolicy } from '@gabion/licences/policy';
import { readSbom } from '@gabion/sbom/read';
import type { Survey } from './detectors.ts';
import { licenceFindings } from './static-findings.ts';

/** What an SBOM says is in an image, as if it had been found there. Throws SbomError. */
export function surveyOfSbom(content: Uint8Array, licences: LicencePolicy): Survey {
  const { packages: listed, operatingSystem, warnings } = readSbom(content);
  // The layers that it names are none of this scan.
  const packages = listed.map((each): Package => ({ ...each, layerDiffId: '' })).sort(byNameThenPath);
  const inventory = { packages, owned: [], warnings: [], ...(operatingSystem && { operatingSystem }) };
  return { inventory, findings: licenceFindings(packages, licences), warnings: [...warnings] };
}

function byNameThenPath(a: Package, b: Package): number {
  if (a.name !== b.name) return a.name < b.name ? -1 : 1;
  return a.path < b.path ? -1 : Number(a.path > b.path);
}

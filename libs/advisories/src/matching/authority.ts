import type { AdvisoryFormat } from '../advisory.ts';
import { isSystem } from '../ecosystem-name.ts';
import type { Claim } from './claim.ts';

// Smaller counts before larger: the distribution's word on each vulnerability, its errata, what aggregators say of it.
const ranks: Readonly<Record<AdvisoryFormat, number>> = {
  debian_tracker: 0,
  ubuntu_tracker: 0,
  alpine_secdb: 0,
  csaf: 0,
  photon: 0,
  arch: 0,
  oval: 1,
  debian_lists: 1,
  updateinfo: 1,
  errata_json: 1,
  osv: 2,
  rustsec: 2,
  gitlab: 3,
  nvd: 4,
  epss: 5,
  kev: 5,
  endoflife: 5,
};

/** How much the claim's source knows of the package; smaller counts before larger. */
export function rankOf({ entry }: Claim): number {
  return ranks[entry.format];
}

/**
 * The claims that decide about one vulnerability. Of a system's package the source that knows best decides alone, also
 * where it says no; what is backported there, others misjudge. Of a language's package every source may add one.
 */
export function deciding(claims: readonly Claim[]): readonly Claim[] {
  const first = claims[0]!;
  if (!isSystem(first.entry.ecosystem)) return claims;
  // Ubuntu Pro speaks of the extended builds, Ubuntu itself of those it still updates.
  const pro = claims.filter(({ entry }) => entry.ecosystem.startsWith('Ubuntu:Pro:'));
  const own = pro.length > 0 ? pro : claims;
  const best = Math.min(...own.map(rankOf));
  return own.filter((claim) => rankOf(claim) === best);
}

/** What a licence asks of those who pass the work on. */
export type LicenceCategory =
  | 'permissive'
  | 'weak-copyleft'
  | 'strong-copyleft'
  | 'network-copyleft'
  | 'proprietary'
  | 'public-domain'
  | 'unknown';

export const licenceCategories: readonly LicenceCategory[] = [
  'public-domain',
  'permissive',
  'weak-copyleft',
  'strong-copyleft',
  'network-copyleft',
  'proprietary',
  'unknown',
];

// Families by the beginning of their identifiers, which hold for versions to come; the first that fits counts.
const families: readonly (readonly [LicenceCategory, RegExp])[] = [
  ['network-copyleft', /^(AGPL|SSPL|CPAL|RPL|Parity|OSL|APL-1|CAL-1|EUPL|copyleft-next|NPOSL|SimPL|LiLiQ-Rplus)/],
  ['strong-copyleft', /^(GPL|GFDL|QPL|Sleepycat|CECILL-(1|2)|SMAIL-GPL|OCLC|CC-BY-SA|RHeCos|ESA-PL-strong|CERN-OHL-S)/],
  [
    'weak-copyleft',
    /^(LGPL|MPL|EPL|CPL|IPL|CDDL|NPL|APSL|MS-RL|CECILL-C|LPPL|OFL|LiLiQ-R-|ErlPL|SISSL|SPL-1|Nokia|RPSL|SugarCRM|YPL|Zimbra|eCos|wxWindows|CERN-OHL-W|ESA-PL-weak|gSOAP|Interbase|Motosoto|CUA-OPL|Artistic-1|ClArtistic|ODbL|CDLA-Sharing|OPUBL|D-FSL|Ruby$|Frameworx|Watcom|LPL-|BitTorrent|NASA|OSET|OCCT|MTLL|Linux-man-pages-copyleft|FreeImage|TPL-|Vim$)/,
  ],
  [
    'proprietary',
    /^(BUSL|Elastic|FSL-|PolyForm|CC-BY-(NC|ND)|Hippocratic|JPNIC|UnRAR|Aladdin|IEC-Code|TermReadKey-|C-UDA|COIL|CPOL|MS-LPL|SUL-|BSD-3-Clause-No-(Nuclear-License|Military)|NCGL|OLFL|Intel-ACPI-|InnoSetup|Mup$|BSD-Protection|DRL|cve-tou-|TPDL-|SHL|Community-Spec)/,
  ],
  [
    'public-domain',
    /^(CC0|Unlicense|PDDL|CC-PD|0BSD|MIT-0|SAX-PD|NIST-PD|NCBI-PD|NTIA-PD|ANTLR-PD|blessing|WTFPL|libselinux|TTWL|GLWTPL|public-domain)/,
  ],
];

/** Names that are not on the SPDX list but are what a package manager says. */
const others: Readonly<Record<string, LicenceCategory>> = {
  'LicenseRef-public-domain': 'public-domain',
  'LicenseRef-proprietary': 'proprietary',
};

/** The category of a licence by its SPDX identifier; permissive where it is on the list and no family asks for more. */
export function categoryOf(id: string): LicenceCategory {
  if (/^(DocumentRef-|LicenseRef-)/.test(id)) return others[id] ?? 'unknown';
  return families.find(([, pattern]) => pattern.test(id))?.[0] ?? 'permissive';
}

/** The systems that inventories name; in all of them the distribution's own word decides. */
const systems =
  /^(?:Debian|Ubuntu|Echo|Alpine|Wolfi|Chainguard|MinimOS|Red Hat|CentOS|CentOS Stream|Fedora|AlmaLinux|Rocky Linux|Oracle Linux|Amazon Linux|SUSE|openSUSE Leap|openSUSE Tumbleweed|openEuler|Mageia|Azure Linux|Mariner|Photon OS|Anolis OS|Alibaba Cloud Linux|Arch)(?::|$)/;

/** Whether the ecosystem is an operating system's. */
export function isSystem(ecosystem: string): boolean {
  return systems.test(ecosystem);
}

/** Whether advisories of the ecosystem name source packages. */
export function isSourceNamed(ecosystem: string): boolean {
  return /^(?:Debian|Ubuntu|Echo|Alpine|Wolfi|Chainguard|MinimOS)(?::|$)/.test(ecosystem);
}

/**
 * The name that inventories give an OSV ecosystem, undefined for variants that no plain installation is (Red Hat's
 * extended updates, Ubuntu's FIPS builds). Long-term support is no release of its own in Ubuntu.
 */
export function ecosystemName(osv: string): string | undefined {
  const colon = osv.indexOf(':');
  const [family, rest] = colon < 0 ? [osv, ''] : [osv.slice(0, colon), osv.slice(colon + 1)];
  switch (family) {
    case 'Debian':
      return rest === '' || rest === 'sid' ? 'Debian:unstable' : osv;
    case 'Ubuntu':
      return ubuntuName(rest);
    case 'Red Hat':
      return redHatName(rest);
    case 'SUSE':
      return suseName(rest) ?? `SUSE:${rest}`;
    case 'openSUSE':
      return suseName(`openSUSE ${rest}`) ?? suseName(rest) ?? osv;
    case 'Alpine':
      return rest === '' ? undefined : `Alpine:${rest === 'edge' ? rest : rest.replace(/^v?/, 'v')}`;
    case 'Arch Linux':
      return 'Arch';
    case 'Rocky Linux':
    case 'AlmaLinux':
    case 'Oracle Linux':
      return rest === '' ? undefined : `${family}:${rest.split('.')[0]}`;
    default:
      return osv;
  }
}

function ubuntuName(rest: string): string | undefined {
  const release = /^(Pro:)?(\d+\.\d+)(?::LTS)?$/.exec(rest);
  return release ? `Ubuntu:${release[1] ?? ''}${release[2]}` : undefined;
}

// `enterprise_linux:8::appstream`, `enterprise_linux:9`; OSV writes Red Hat's product as its CPE has it.
function redHatName(rest: string): string | undefined {
  const major = /^(?:enterprise_linux:)?(\d+)(?:[.:].*)?$/.exec(rest)?.[1];
  return major === undefined ? undefined : `Red Hat:${major}`;
}

/**
 * The ecosystem of a product of SUSE: `SUSE Linux Enterprise Server 15 SP5` and the modules that make it up are one
 * release. Long-term support counts with its release, whose users are vulnerable until they have it.
 */
export function suseName(product: string): string | undefined {
  const leap = /^openSUSE Leap (\d+\.\d+)$/.exec(product);
  if (leap) return `openSUSE Leap:${leap[1]}`;
  if (/^openSUSE Tumbleweed$/.test(product)) return 'openSUSE Tumbleweed';
  const [, major, pack] = enterprise.exec(product) ?? [];
  if (major === undefined) return undefined;
  return `SUSE:${major}${pack === undefined ? '' : `.${pack}`}`;
}

const enterprise =
  /^(?:SUSE )?Linux Enterprise (?:Server for SAP Applications|Server|Desktop|High Performance Computing|Base Container Image|Module for [A-Za-z0-9 &-]{1,60}?) (\d\d)(?:(?:[ -]SP|\.)(\d))?(?:-(?:LTSS|ESPOS|LTSS Extended Security|TERADATA|BCL)| LTSS)?$/;

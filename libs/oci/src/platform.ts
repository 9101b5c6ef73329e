import { OciError } from './oci-error.ts';

/** What an image runs on, in Go's names: `linux`, `arm64`, `v8`. */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}

export const defaultPlatform: Platform = { os: 'linux', architecture: 'amd64' };

/** Parses `os/arch[/variant]`. */
export function parsePlatform(text: string): Platform {
  const [os, architecture, variant, ...more] = text.split('/');
  const isName = (part: string | undefined) => part !== undefined && /^[a-z0-9][a-z0-9_.-]{0,31}$/.test(part);
  if (more.length > 0 || !isName(os) || !isName(architecture) || (variant !== undefined && !isName(variant))) {
    throw new OciError(
      'platform_not_found',
      `${JSON.stringify(text.slice(0, 100))} is not of the form os/arch[/variant]`,
    );
  }
  return { os: os!, architecture: architecture!, ...(variant === undefined ? {} : { variant }) };
}

/** `linux/arm/v7`. */
export function formatPlatform({ os, architecture, variant }: Platform): string {
  return [os, architecture, variant].filter((part) => part !== undefined && part !== '').join('/');
}

/** How well an offered platform serves a wanted one: 0 is equal, greater is worse, undefined is not at all. */
export function distance(wanted: Platform, offered: Platform): number | undefined {
  if (wanted.os !== offered.os || wanted.architecture !== offered.architecture) return undefined;
  const want = variantOf(wanted);
  const offer = variantOf(offered);
  if (want === offer) return 0;
  // ARM and x86-64 run the code of every older version; the other architectures' variants are not ordered like that.
  const isOrdered = wanted.architecture === 'arm' || wanted.architecture === 'amd64';
  if (isOrdered && want > offer) return want - offer;
  return wanted.variant === undefined ? 100 : undefined;
}

function variantOf({ architecture, variant }: Platform): number {
  if (variant === undefined || variant === '') return architecture === 'arm' ? 7 : architecture === 'arm64' ? 8 : 1;
  const number = /^v(\d+)$/.exec(variant)?.[1];
  return number === undefined ? Number.NaN : Number(number);
}

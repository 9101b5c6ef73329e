import type { Region } from './executable.ts';

/** A region cut to what the file really has. */
export function regionIn(bytes: Buffer, region: Region): Region {
  const { offset } = region;
  const isInside = Number.isSafeInteger(offset) && offset < bytes.length;
  return {
    ...region,
    offset: isInside ? offset : 0,
    size: isInside ? Math.min(region.size, bytes.length - offset) : 0,
  };
}

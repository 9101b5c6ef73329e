import { unzipSync } from 'fflate';

/** Most bytes of one entry, packed and unpacked: metadata is small, and what is not is a bomb. */
const maxPacked = 512 * 1024;
const maxUnpacked = 4 * 1024 * 1024;

/** Most entries of one archive that are read. */
const maxRead = 8;

/** The small entries of a zip archive whose names a test accepts; throws on what is no zip. */
export function zipEntries(archive: Buffer, accept: (name: string) => boolean): Map<string, Buffer> {
  let left = maxRead;
  const entries = unzipSync(archive, {
    filter: ({ name, size, originalSize }) =>
      accept(name) && size <= maxPacked && originalSize <= maxUnpacked && left-- > 0,
  });
  return new Map(Object.entries(entries).map(([name, bytes]) => [name, Buffer.from(bytes)]));
}

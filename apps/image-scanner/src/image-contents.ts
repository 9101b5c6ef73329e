import { promisify } from 'node:util';
import { zstdCompress, zstdDecompress, zstdDecompressSync } from 'node:zlib';
import type { Package } from '@gabion/inventory/package';
import type { StaticFinding } from './finding.ts';

/** All that is known of an image but for what the advisories say of its components. */
export interface ImageContents {
  /** By name; in the order of the image's components. */
  readonly packages: readonly Package[];
  readonly findings: readonly StaticFinding[];
}

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

const columns = [
  'type',
  'name',
  'version',
  'ecosystem',
  'purl',
  'sourceName',
  'sourceVersion',
  'architecture',
  'module',
  'layerDiffId',
  'path',
  'evidence',
  'licenses',
] as const satisfies readonly (keyof Package)[];

/** Writes contents column by column: like beside like packs best. */
export function encodeContents({ packages, findings }: ImageContents): Promise<Buffer> {
  const packed = columns.map((column) => packages.map((each) => each[column]));
  return compress(JSON.stringify({ packages: packed, findings }));
}

/** Reads what `encodeContents` wrote. */
export async function decodeContents(bytes: Buffer): Promise<ImageContents> {
  return unpacked(await decompress(bytes));
}

/** The same at once: for many small images in a row, where handing each to another thread takes longer. */
export function decodeContentsNow(bytes: Buffer): ImageContents {
  return unpacked(zstdDecompressSync(bytes));
}

function unpacked(bytes: Buffer): ImageContents {
  const { packages, findings } = JSON.parse(bytes.toString()) as {
    packages: readonly (readonly unknown[])[];
    findings: readonly StaticFinding[];
  };
  const [first = []] = packages;
  const rows = first.map((_, index) => {
    const row: Record<string, unknown> = {};
    for (let nth = 0; nth < columns.length; nth++) row[columns[nth]!] = packages[nth]![index];
    return row;
  });
  return { packages: rows as unknown as Package[], findings };
}

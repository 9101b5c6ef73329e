/**
 * rpm's own database (`Packages.db`): pages of 16-byte slots, the first two of which are the header, then blobs, in
 * blocks of 16 bytes; all little-endian.
 */

const databaseMagic = tag('RpmP');
const slotMagic = tag('Slot');
const blobMagic = tag('BlbS');

const slotPageBytes = 4096;
const slotBytes = 16;
const headerBytes = 32;
const slotPageCountAt = 12;
const blockBytes = 16;
const blobHeaderBytes = 16;

/** Whether these are the bytes of such a database; there is one version, 0. */
export function isNdb(file: Buffer): boolean {
  return file.length >= slotPageBytes && file.readUInt32LE(0) === databaseMagic && file.readUInt32LE(4) === 0;
}

/** The header blobs; undefined for a slot whose blob is not where it says. */
export function* ndbValues(file: Buffer): Generator<Buffer | undefined> {
  if (!isNdb(file)) return;
  const slotsEnd = Math.min(file.readUInt32LE(slotPageCountAt) * slotPageBytes, file.length - slotBytes + 1);
  let bytes = 0;
  for (let at = headerBytes; at < slotsEnd; at += slotBytes) {
    const isUsed = file.readUInt32LE(at) === slotMagic && file.readUInt32LE(at + 4) !== 0;
    if (!isUsed) continue;
    const blob = blobOf(file, at);
    bytes += blob?.length ?? 0;
    // Overlapping blobs of a hostile file would make much work of few bytes.
    if (bytes > file.length) return;
    yield blob;
  }
}

function blobOf(file: Buffer, slotAt: number): Buffer | undefined {
  const packageIndex = file.readUInt32LE(slotAt + 4);
  const start = file.readUInt32LE(slotAt + 8) * blockBytes;
  const end = start + file.readUInt32LE(slotAt + 12) * blockBytes;
  if (start === 0 || start + blobHeaderBytes > file.length) return undefined;
  if (file.readUInt32LE(start) !== blobMagic || file.readUInt32LE(start + 4) !== packageIndex) return undefined;
  const blobStart = start + blobHeaderBytes;
  const blobEnd = blobStart + file.readUInt32LE(start + 12);
  return blobEnd > end || blobEnd > file.length ? undefined : file.subarray(blobStart, blobEnd);
}

function tag(text: string): number {
  return Buffer.from(text, 'latin1').readUInt32LE();
}

import { isUtf8 } from 'node:buffer';
import { RootfsError } from './rootfs-error.ts';

/** Kinds of tar members that describe a file; the members that only carry names for the next one are not among them. */
export type TarKind = 'file' | 'hardlink' | 'symlink' | 'char-device' | 'block-device' | 'directory' | 'fifo' | 'other';

/** One 512-byte header as it stands, before pax records and long names are applied. */
export interface TarHeader {
  readonly name: string;
  readonly linkName: string;
  readonly typeFlag: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly deviceMajor: number;
  readonly deviceMinor: number;
}

export const blockSize = 512;

/** Reads a header block; answers undefined for a block of zeros, and refuses a wrong checksum or number. */
export function readHeader(block: Buffer): TarHeader | undefined {
  const sum = checksumOf(block);
  if (sum === 8 * 0x20 && block[148] === 0) return undefined;
  const checksum = readNumber(block, 148, 8);
  if (checksum !== sum && checksum !== signedChecksumOf(block))
    throw new RootfsError('layer_invalid', 'a tar header has a wrong checksum');
  const isPosix = block.toString('latin1', 257, 263) === 'ustar\0';
  const prefix = isPosix ? readText(block, 345, 155) : '';
  const name = readText(block, 0, 100);
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    linkName: readText(block, 157, 100),
    typeFlag: String.fromCharCode(block[156]!),
    mode: readNumber(block, 100, 8),
    uid: readOwner(block, 108),
    gid: readOwner(block, 116),
    size: readNumber(block, 124, 12),
    deviceMajor: readNumber(block, 329, 8),
    deviceMinor: readNumber(block, 337, 8),
  };
}

/** The sum of a header's bytes, with spaces in place of the checksum itself. */
function checksumOf(block: Buffer): number {
  let sum = 8 * 0x20;
  for (let i = 0; i < 148; i++) sum += block[i]!;
  for (let i = 156; i < blockSize; i++) sum += block[i]!;
  return sum;
}

/** Some historic tars summed signed characters (POSIX.1-1988 left it open). */
function signedChecksumOf(block: Buffer): number {
  const negative = block.reduce((count, byte, i) => count + Number(byte > 127 && (i < 148 || i >= 156)), 0);
  return checksumOf(block) - 256 * negative;
}

/** The kind that a type flag stands for; `name` decides for old tars, where a directory is a file whose name ends in `/`. */
export function kindOf(typeFlag: string, name: string): TarKind {
  switch (typeFlag) {
    case '0':
    case '\0':
    case '7':
      return name.endsWith('/') ? 'directory' : 'file';
    case 'S':
      return 'file';
    case '1':
      return 'hardlink';
    case '2':
      return 'symlink';
    case '3':
      return 'char-device';
    case '4':
      return 'block-device';
    case '5':
      return 'directory';
    case '6':
      return 'fifo';
    default:
      return 'other';
  }
}

/** Text of a fixed field up to its NUL; bytes that are not UTF-8 are read as Latin-1 so that no name is lost or merged. */
export function readText(block: Buffer, start: number, length: number): string {
  if (block[start] === 0) return '';
  const nul = block.indexOf(0, start);
  const end = nul === -1 || nul > start + length ? start + length : nul;
  return decodeName(block.subarray(start, end));
}

/** A name as text: UTF-8 where it is, else Latin-1. */
export function decodeName(bytes: Buffer): string {
  return isUtf8(bytes) ? bytes.toString() : bytes.toString('latin1');
}

/** A number in octal digits, or in base 256 when the first bit is set (GNU and star extension). */
export function readNumber(block: Buffer, start: number, length: number): number {
  const first = block[start]!;
  if (first & 0x80) return readBase256(block, start, length);
  const end = start + length;
  let at = start;
  while (at < end && isBlank(block[at]!)) at++;
  let value = 0;
  for (; at < end && !isBlank(block[at]!); at++) {
    const digit = block[at]! - 0x30;
    if (digit < 0 || digit > 7) throw malformedNumber();
    value = value * 8 + digit;
  }
  for (; at < end; at++) if (!isBlank(block[at]!)) throw malformedNumber();
  return value;
}

function isBlank(byte: number): boolean {
  return byte === 0 || byte === 0x20;
}

function malformedNumber(): RootfsError {
  return new RootfsError('layer_invalid', 'a tar header holds a malformed number');
}

/** A user or group id; "nobody" of some systems is written as -2, which the kernel takes for 2^32 - 2. */
function readOwner(block: Buffer, start: number): number {
  const isBase256 = (block[start]! & 0x80) !== 0;
  return isBase256 ? block.readUInt32BE(start + 4) : readNumber(block, start, 8);
}

function readBase256(block: Buffer, start: number, length: number): number {
  // The second bit is the sign: no field of a layer is negative.
  if (block[start]! & 0x40) throw new RootfsError('layer_invalid', 'a tar header holds a negative number');
  let value = block[start]! & 0x3f;
  for (let i = start + 1; i < start + length; i++) {
    value = value * 256 + block[i]!;
    if (value > Number.MAX_SAFE_INTEGER)
      throw new RootfsError('layer_invalid', 'a tar header holds a number beyond 2^53');
  }
  return value;
}

import { bytesFrom, type Executable, readExecutable, sectionOf } from '../elf/executable.ts';
import { Fields } from '../elf/fields.ts';

/** What the Go linker writes into a program: see `debug/buildinfo` of the Go standard library. */
export interface RawBuildInfo {
  /** `go1.22.1`, `go1.22.1 X:boringcrypto`, `devel go1.23-…`. */
  readonly goVersion: string;
  /** Lines of `go version -m`; empty for programs built outside of modules. */
  readonly modules: string;
}

export const buildInfoMagic = Buffer.from('\xff Go buildinf:', 'latin1');
const alignment = 16;
export const headerSize = 32;

/** A program of 2,000 modules has some 200 KiB. */
export const maxModuleBytes = 4 * 1024 * 1024;
export const maxVersionBytes = 1024;

/** The build information of a Go program or library (ELF, PE, Mach-O); undefined when it has none. Never throws. */
export function readBuildInfo(bytes: Buffer): RawBuildInfo | undefined {
  const executable = readExecutable(bytes);
  if (!executable) return undefined;
  for (const data of candidates(executable)) {
    const at = magicIn(data, data.byteOffset - bytes.byteOffset);
    if (at === -1) continue;
    const found = decoded(data.subarray(at), executable);
    if (found) return found;
  }
  return undefined;
}

/** The strings of the form that Go writes since 1.18, behind a header at the start of `bytes`. */
export function inlineBuildInfo(bytes: Buffer): RawBuildInfo | undefined {
  const version = lengthPrefixed(bytes, headerSize, maxVersionBytes);
  const modules = version && lengthPrefixed(bytes, version.end, maxModuleBytes);
  return modules && rawInfo(version.content, modules.content);
}

/** Whether a header says that the strings follow it. */
export function isInline(header: Buffer): boolean {
  return (header[15]! & 2) !== 0;
}

/** Where the linker puts it: its own section, or the beginning of the writable data when sections were stripped. */
function candidates(executable: Executable): Buffer[] {
  const named = ['.go.buildinfo', '__go_buildinfo'].map((name) => sectionOf(executable, name));
  const writable = executable.segments.filter(({ isWritable, size }) => isWritable && size > 0);
  const segments = writable.map(({ offset, size }) => executable.bytes.subarray(offset, offset + size));
  return [...named.filter((section) => section !== undefined), ...segments.slice(0, 4)];
}

/** The magic stands at a multiple of 16 of its address, which is one of the file's offset in every format, too. */
function magicIn(data: Buffer, base: number): number {
  let at = data.indexOf(buildInfoMagic);
  for (let tries = 0; at !== -1 && tries < 64; tries++) {
    if ((base + at) % alignment === 0 || at % alignment === 0) return at;
    at = data.indexOf(buildInfoMagic, at + 1);
  }
  return -1;
}

function decoded(data: Buffer, executable: Executable): RawBuildInfo | undefined {
  if (data.length < headerSize) return undefined;
  if (isInline(data)) return inlineBuildInfo(data);
  return pointedBuildInfo(data, executable);
}

/** Before Go 1.18: the addresses of two Go strings, each an address and a length. */
function pointedBuildInfo(header: Buffer, executable: Executable): RawBuildInfo | undefined {
  const wordSize = header[14];
  if (wordSize !== 4 && wordSize !== 8) return undefined;
  const isLittleEndian = (header[15]! & 1) === 0;
  const fields = new Fields(header, isLittleEndian);
  const stringAt = (address: number, max: number): Buffer => {
    const pair = bytesFrom(executable, address);
    if (!pair) return Buffer.alloc(0);
    const parts = new Fields(pair, isLittleEndian);
    const length = parts.word(wordSize, wordSize);
    const text = bytesFrom(executable, parts.word(0, wordSize));
    return text && length <= Math.min(max, text.length) ? text.subarray(0, length) : Buffer.alloc(0);
  };
  const version = stringAt(fields.word(16, wordSize), maxVersionBytes);
  return rawInfo(version, stringAt(fields.word(16 + wordSize, wordSize), maxModuleBytes));
}

function lengthPrefixed(bytes: Buffer, start: number, max: number): { content: Buffer; end: number } | undefined {
  let length = 0;
  let at = start;
  // Ten groups of seven bits are the longest varint; what is over the bound is refused long before.
  for (let shift = 1; ; shift *= 128) {
    const byte = bytes[at++];
    if (byte === undefined || shift > 128 ** 5) return undefined;
    length += (byte & 0x7f) * shift;
    if (byte < 0x80) break;
  }
  if (length > max || at + length > bytes.length) return undefined;
  return { content: bytes.subarray(at, at + length), end: at + length };
}

function rawInfo(goVersion: Buffer, modules: Buffer): RawBuildInfo | undefined {
  if (goVersion.length === 0) return undefined;
  // Marks of 16 bytes stand on both sides (cmd/go/internal/modload: infoStart, infoEnd); without them there is nothing.
  const isFramed = modules.length >= 33 && modules[modules.length - 17] === 0x0a;
  return {
    goVersion: goVersion.toString(),
    modules: isFramed ? modules.toString('utf8', 16, modules.length - 16) : '',
  };
}

import { RootfsError } from './rootfs-error.ts';
import { decodeName } from './tar-header.ts';

/** Records of a pax extended header (POSIX.1-2001 "pax Interchange Format"): `length key=value\n`. */
export function readPax(data: Buffer): Map<string, string> {
  const records = new Map<string, string>();
  for (let at = 0; at < data.length; ) {
    const space = data.indexOf(0x20, at);
    if (space === -1 || space - at > 10) throw malformed();
    const digits = data.toString('latin1', at, space);
    const length = Number(digits);
    const end = at + length;
    if (!/^[0-9]+$/.test(digits) || end > data.length || end <= space + 1 || data[end - 1] !== 0x0a) throw malformed();
    const equals = data.indexOf(0x3d, space + 1);
    if (equals === -1 || equals >= end) throw malformed();
    const key = data.toString('latin1', space + 1, equals);
    const value = decodeName(data.subarray(equals + 1, end - 1));
    // GNU.sparse 0.0 repeats offset and numbytes; both are joined in the order given.
    if (key === 'GNU.sparse.offset' || key === 'GNU.sparse.numbytes') append(records, 'GNU.sparse.map', value);
    else records.set(key, value);
    at = end;
  }
  return records;
}

/** A number of a pax record, for example `size`. */
export function paxNumber(records: Map<string, string>, key: string): number | undefined {
  const text = records.get(key);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!/^[0-9]+$/.test(text) || !Number.isSafeInteger(value)) throw malformed();
  return value;
}

/** A user or group id of a pax record, as the kernel would take it: 32 bits. */
export function paxOwner(records: Map<string, string>, key: 'uid' | 'gid'): number | undefined {
  const text = records.get(key);
  if (text === undefined) return undefined;
  if (!/^-?[0-9]{1,15}$/.test(text)) throw malformed();
  return Number(text) >>> 0;
}

/** A name of a pax record; an empty one means "as in the header" (POSIX). */
export function paxName(records: Map<string, string>, key: string): string | undefined {
  const name = records.get(key);
  if (name === undefined || name === '') return undefined;
  if (name.includes('\0')) throw malformed();
  return name;
}

function append(records: Map<string, string>, key: string, value: string): void {
  const before = records.get(key);
  records.set(key, before === undefined ? value : `${before},${value}`);
}

function malformed(): RootfsError {
  return new RootfsError('layer_invalid', 'a pax header is malformed');
}

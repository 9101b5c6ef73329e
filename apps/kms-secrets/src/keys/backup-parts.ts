import { fromBinary, type MessageShape, toBinary } from '@bufbuild/protobuf';
import { KeySchema } from '@gabion/contracts/gabion/kms/v1/keys_pb';

/** A key and the material of each of its versions, in their order. */
export interface BackupParts {
  readonly key: MessageShape<typeof KeySchema>;
  readonly materials: readonly Buffer[];
}

/** A backup in the clear; the caller overwrites it. */
export function packed({ key, materials }: BackupParts): Buffer {
  const parts = [toBinary(KeySchema, key), ...materials];
  return Buffer.concat(parts.flatMap((part) => [u32(part.length), part]));
}

/** What `packed` made, as views of it; undefined of anything else. */
export function unpacked(bytes: Uint8Array): BackupParts | undefined {
  const [head, ...materials] = partsOf(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)) ?? [];
  const key = head && keyIn(head);
  return key && key.versions.length === materials.length && key.versions.length > 0 ? { key, materials } : undefined;
}

/** Each part behind its length. */
function partsOf(bytes: Buffer): Buffer[] | undefined {
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (bytes.length - at < 4) return undefined;
    const [from, end] = [at + 4, at + 4 + bytes.readUInt32BE(at)];
    if (end > bytes.length) return undefined;
    parts.push(bytes.subarray(from, end));
    at = end;
  }
  return parts;
}

function keyIn(bytes: Uint8Array): BackupParts['key'] | undefined {
  try {
    return fromBinary(KeySchema, bytes);
  } catch {
    return undefined;
  }
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { status } from '@grpc/grpc-js';
import { ProviderError } from './provider-error.ts';

// Messages of KMS v2 (k8s.io/kms/apis/v2/api.proto), read and written field by field: messages by reflection cost as
// much memory and time as all else of a call, and with it the pauses of the collector (bench/kms-plugin.ts).

/** EncryptRequest, and DecryptRequest with what is its own. */
export interface KmsRequest {
  /** Field 1: the plaintext or the ciphertext. */
  readonly text: Uint8Array;
  readonly uid: string;
  /** Of DecryptRequest. */
  readonly keyId: string;
  readonly hasAnnotations: boolean;
}

/** Reads an EncryptRequest or a DecryptRequest. Throws `message_malformed`. */
export function readKmsRequest(bytes: Buffer): KmsRequest {
  let text: Uint8Array = new Uint8Array();
  let [uid, keyId, hasAnnotations] = ['', '', false];
  try {
    const reader = new BinaryReader(bytes);
    while (reader.pos < reader.len) {
      const [field, type] = reader.tag();
      const isText = type === WireType.LengthDelimited;
      if (field === 1 && isText) text = reader.bytes();
      else if (field === 2 && isText) uid = reader.string();
      else if (field === 3 && isText) keyId = reader.string();
      else {
        if (field === 4) hasAnnotations = true;
        reader.skip(type, field);
      }
    }
  } catch {
    throw new ProviderError('message_malformed', 'the message is none of KMS v2', status.INVALID_ARGUMENT);
  }
  return { text, uid, keyId, hasAnnotations };
}

export function statusResponse(keyId: string): Buffer {
  return finished(
    new BinaryWriter().uint32(tag(1)).string('v2').uint32(tag(2)).string('ok').uint32(tag(3)).string(keyId),
  );
}

export function encryptResponse(ciphertext: Uint8Array, keyId: string): Buffer {
  return finished(new BinaryWriter().uint32(tag(1)).bytes(ciphertext).uint32(tag(2)).string(keyId));
}

export function decryptResponse(plaintext: Uint8Array): Buffer {
  return finished(new BinaryWriter().uint32(tag(1)).bytes(plaintext));
}

/** Of a field of bytes or text. */
function tag(field: number): number {
  return (field << 3) | WireType.LengthDelimited;
}

function finished(writer: BinaryWriter): Buffer {
  const bytes = writer.finish();
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

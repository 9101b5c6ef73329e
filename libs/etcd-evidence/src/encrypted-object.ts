const maxFields = 4096;
const maxKeyIdBytes = 1024;
const varintType = 0;
const fixed64Type = 1;
const bytesType = 2;
const fixed32Type = 5;
const keyIdField = 2;

/** The keyID of an EncryptedObject (kmsv2/v2/api.proto of the API server); undefined of what is none. */
export function keyIdIn(object: Uint8Array): string | undefined {
  const reader = new Reader(object);
  let keyId: Uint8Array | undefined;
  for (let fields = 0; !reader.isAtEnd; fields++) {
    const tag = fields < maxFields ? reader.varint() : undefined;
    if (tag === undefined || tag < 8) return undefined;
    const content = reader.content(tag & 7);
    if (!content) return undefined;
    if (tag >>> 3 === keyIdField && (tag & 7) === bytesType) keyId = content;
  }
  if (!keyId || keyId.length === 0 || keyId.length > maxKeyIdBytes) return undefined;
  return text(keyId);
}

class Reader {
  #at = 0;

  constructor(private readonly bytes: Uint8Array) {}

  get isAtEnd(): boolean {
    return this.#at >= this.bytes.length;
  }

  /** Of at most 32 bits, which every length and tag here fits in. */
  varint(): number | undefined {
    let value = 0;
    for (let place = 0; place < 5; place++) {
      const byte = this.bytes[this.#at++];
      if (byte === undefined) return undefined;
      value += (byte & 0x7f) * 2 ** (7 * place);
      if (byte < 0x80) return value < 2 ** 32 ? value : undefined;
    }
    return undefined;
  }

  content(wireType: number): Uint8Array | undefined {
    if (wireType === varintType) return this.#skippedVarint();
    if (wireType === fixed64Type) return this.#take(8);
    if (wireType === fixed32Type) return this.#take(4);
    return wireType === bytesType ? this.#take(this.varint()) : undefined;
  }

  #skippedVarint(): Uint8Array | undefined {
    const from = this.#at;
    while (this.#at - from < 10) {
      const byte = this.bytes[this.#at++];
      if (byte === undefined) return undefined;
      if (byte < 0x80) return this.bytes.subarray(from, this.#at);
    }
    return undefined;
  }

  #take(length: number | undefined): Uint8Array | undefined {
    if (length === undefined || length > this.bytes.length - this.#at) return undefined;
    this.#at += length;
    return this.bytes.subarray(this.#at - length, this.#at);
  }
}

function text(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

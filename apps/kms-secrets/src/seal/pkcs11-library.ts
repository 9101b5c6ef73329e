import koffi from 'koffi';

/** What a library answered other than CKR_OK. */
export class Pkcs11Error extends Error {
  override readonly name = 'Pkcs11Error';

  constructor(
    message: string,
    readonly code: number,
  ) {
    super(message);
  }

  /** The token counts such answers, and locks itself after a few. */
  get isFinal(): boolean {
    return pinRefusals.has(this.code);
  }
}

/** PKCS #11 v2.40, section 3 (pkcs11t.h). */
const ckr = { ok: 0, alreadyLoggedIn: 0x100 };
const pinRefusals = new Set([0xa0, 0xa1, 0xa2, 0xa3, 0xa4]);
const known: Readonly<Record<number, string>> = {
  64: 'what is kept does not open with its key (CKR_ENCRYPTED_DATA_INVALID)',
  160: 'the PIN is wrong (CKR_PIN_INCORRECT); it is not tried again by itself',
  164: 'the PIN is locked (CKR_PIN_LOCKED)',
  224: 'the token is not there (CKR_TOKEN_NOT_PRESENT)',
  112: 'it does not know AES-GCM (CKR_MECHANISM_INVALID)',
};
const ckf = { rwSession: 2, serialSession: 4 };
const cku = { user: 1 };
const cko = { secretKey: 4 };
const ckk = { aes: 0x1f };
const ckm = { aesKeyGen: 0x1080, aesGcm: 0x1087 };
const cka = {
  class: 0,
  token: 1,
  private: 2,
  label: 3,
  keyType: 0x100,
  id: 0x102,
  sensitive: 0x103,
  encrypt: 0x104,
  decrypt: 0x105,
  valueLen: 0x161,
  extractable: 0x162,
};
const tagBytes = 16;
const mostSlots = 256;
const mostKeys = 16;

const attribute = koffi.struct({ type: 'ulong', value: 'void *', length: 'ulong' });
const mechanism = koffi.struct({ mechanism: 'ulong', parameter: 'void *', length: 'ulong' });
const gcm = koffi.struct({
  iv: 'void *',
  ivLength: 'ulong',
  ivBits: 'ulong',
  aad: 'void *',
  aadLength: 'ulong',
  tagBits: 'ulong',
});
const out = koffi.out('ulong *');
const inOut = koffi.inout('ulong *');
const attributes = koffi.pointer(attribute);
const mechanisms = koffi.pointer(mechanism);

/** The functions that are used, as pkcs11f.h declares them. */
const signatures = {
  C_Initialize: ['void *'],
  C_GetSlotList: ['uint8_t', out, inOut],
  C_GetTokenInfo: ['ulong', 'void *'],
  C_OpenSession: ['ulong', 'ulong', 'void *', 'void *', out],
  C_CloseSession: ['ulong'],
  C_Login: ['ulong', 'ulong', 'void *', 'ulong'],
  C_FindObjectsInit: ['ulong', attributes, 'ulong'],
  C_FindObjects: ['ulong', out, 'ulong', out],
  C_FindObjectsFinal: ['ulong'],
  C_GetAttributeValue: ['ulong', 'ulong', koffi.inout(attributes), 'ulong'],
  C_GenerateKey: ['ulong', mechanisms, attributes, 'ulong', out],
  C_EncryptInit: ['ulong', mechanisms, 'ulong'],
  C_Encrypt: ['ulong', 'void *', 'ulong', 'void *', inOut],
  C_DecryptInit: ['ulong', mechanisms, 'ulong'],
  C_Decrypt: ['ulong', 'void *', 'ulong', 'void *', inOut],
} as const;

type Name = keyof typeof signatures;
type Call = (name: Name, ...args: unknown[]) => void;

interface Attribute {
  readonly type: number;
  readonly value: Buffer;
  length: number;
}

/** What AES-GCM is told of one text. */
export interface GcmUse {
  readonly nonce: Buffer;
  readonly aad: Buffer;
}

/** Does `work` in a session of the token with that label, as its user. */
export function withSession<T>(
  { module, token, pin }: { readonly module: string; readonly token: string; readonly pin: string },
  work: (session: Pkcs11Session) => T,
): T {
  const call = callerOf(module);
  call('C_Initialize', null);
  const handle = [0];
  const flags = ckf.rwSession | ckf.serialSession;
  call('C_OpenSession', slotOf(call, token), flags, null, null, handle);
  const [session = 0] = handle;
  try {
    const text = Buffer.from(pin);
    call('C_Login', session, cku.user, text, text.length);
    return work(new Pkcs11Session(call, session));
  } finally {
    call('C_CloseSession', session);
  }
}

/** A session of a token. */
export class Pkcs11Session {
  constructor(
    private readonly call: Call,
    private readonly session: number,
  ) {}

  /** Handles of secret keys with that label, and with that CKA_ID when it is told. */
  findKeys(label: string, id?: Buffer): number[] {
    const wanted = [number(cka.class, cko.secretKey), bytes(cka.label, Buffer.from(label))];
    if (id && id.length > 0) wanted.push(bytes(cka.id, id));
    this.call('C_FindObjectsInit', this.session, wanted, wanted.length);
    const [handles, count] = [Array<number>(mostKeys).fill(0), [0]];
    this.call('C_FindObjects', this.session, handles, mostKeys, count);
    this.call('C_FindObjectsFinal', this.session);
    return handles.slice(0, Number(count[0]));
  }

  idOf(handle: number): Buffer {
    const value = Buffer.alloc(255);
    const asked = bytes(cka.id, value);
    this.call('C_GetAttributeValue', this.session, handle, asked, 1);
    return value.subarray(0, Number(asked.length));
  }

  /** An AES key of 256 bits that stays on the token. */
  makeKey(label: string, id: Buffer): number {
    const facts = [
      number(cka.class, cko.secretKey),
      number(cka.keyType, ckk.aes),
      number(cka.valueLen, 32),
      bytes(cka.label, Buffer.from(label)),
      bytes(cka.id, id),
      ...[cka.token, cka.private, cka.sensitive, cka.encrypt, cka.decrypt].map((each) => bytes(each, Buffer.of(1))),
      bytes(cka.extractable, Buffer.of(0)),
    ];
    const handle = [0];
    const how = { mechanism: ckm.aesKeyGen, parameter: null, length: 0 };
    this.call('C_GenerateKey', this.session, how, facts, facts.length, handle);
    return handle[0] ?? 0;
  }

  encrypt(key: number, use: GcmUse, text: Buffer): Buffer {
    this.call('C_EncryptInit', this.session, gcmMechanism(use), key);
    return this.#output('C_Encrypt', text, text.length + tagBytes);
  }

  decrypt(key: number, use: GcmUse, text: Buffer): Buffer {
    this.call('C_DecryptInit', this.session, gcmMechanism(use), key);
    return this.#output('C_Decrypt', text, text.length);
  }

  #output(name: 'C_Encrypt' | 'C_Decrypt', text: Buffer, most: number): Buffer {
    const [output, length] = [Buffer.alloc(most), [most]];
    this.call(name, this.session, text, text.length, output, length);
    return output.subarray(0, Number(length[0]));
  }
}

/** The first token with that label. */
function slotOf(call: Call, label: string): number {
  const [slots, count] = [Array<number>(mostSlots).fill(0), [mostSlots]];
  call('C_GetSlotList', 1, slots, count);
  const found = slots.slice(0, Number(count[0])).find((slot) => {
    const info = Buffer.alloc(512);
    call('C_GetTokenInfo', slot, info);
    return info.subarray(0, 32).toString().trimEnd() === label;
  });
  if (found === undefined) throw new Pkcs11Error('no token of that label is there', 0);
  return found;
}

function callerOf(module: string): Call {
  const library = loaded(module);
  return (name, ...args) => {
    const code = Number(library.func(name, 'ulong', [...signatures[name]])(...args));
    if (code !== ckr.ok && code !== ckr.alreadyLoggedIn)
      throw new Pkcs11Error(known[code] ?? `${name} answered 0x${code.toString(16)}`, code);
  };
}

function loaded(module: string): ReturnType<typeof koffi.load> {
  try {
    return koffi.load(module);
  } catch (error) {
    throw new Pkcs11Error(`its library ${module} is not loaded: ${(error as Error).message}`, 0);
  }
}

function gcmMechanism({ nonce, aad }: GcmUse) {
  const facts = {
    iv: nonce,
    ivLength: nonce.length,
    ivBits: nonce.length * 8,
    aad,
    aadLength: aad.length,
    tagBits: tagBytes * 8,
  };
  const parameter = koffi.as(facts, koffi.pointer(gcm));
  return { mechanism: ckm.aesGcm, parameter, length: koffi.sizeof(gcm) };
}

function number(type: number, value: number): Attribute {
  const content = Buffer.alloc(koffi.sizeof('ulong'));
  content.writeUInt32LE(value);
  return bytes(type, content);
}

function bytes(type: number, value: Buffer): Attribute {
  return { type, value, length: value.length };
}

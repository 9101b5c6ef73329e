/** A cipher of OpenSSL with tags of 16 bytes, behind the encrypted text. */
export interface EvpCipher {
  encrypt(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Buffer;
  /** Undefined for what does not authenticate; of that nothing stays in memory. */
  decrypt(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Buffer | undefined;
}

type Pointer = unknown;
type Bytes = Uint8Array | null;

/** EVP_CIPHER_fetch(3), EVP_EncryptInit(3): the interface of OpenSSL 3. */
interface Evp {
  fetch(library: null, name: string, properties: null): Pointer;
  create(): Pointer;
  init(context: Pointer, cipher: Pointer, key: Bytes, nonce: Bytes, isEncryption: number, parameters: null): number;
  update(context: Pointer, out: Bytes, length: Uint8Array, bytes: Bytes, size: number): number;
  final(context: Pointer, out: Uint8Array, length: Uint8Array): number;
  control(context: Pointer, command: number, size: number, bytes: Uint8Array): number;
  reset(context: Pointer): number;
}

const tagBytes = 16;
const command = { getTag: 0x10, setTag: 0x11 };

/**
 * A cipher of the OpenSSL that this Node.js runs with, through its C interface: `node:crypto` makes an object for each
 * text and looks the cipher up, which takes ten times and more what encrypting a short text takes. Undefined where the
 * interface is not to be had.
 */
export function evpCipher(name: 'AES-256-GCM' | 'ChaCha20-Poly1305'): EvpCipher | undefined {
  const cipher = evp?.fetch(null, name, null);
  if (!evp || !cipher) return undefined;
  const { init, update, final, control, reset } = evp;
  // One for all texts, since none is under way while another begins. It holds a key for the time of one text.
  const context = evp.create();
  const written = new Uint8Array(4);
  const begin = (key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, isEncryption: 0 | 1) => {
    assertDone(init(context, cipher, key, nonce, isEncryption, null));
    if (aad.length > 0) assertDone(update(context, null, written, aad, aad.length));
  };
  const through = (text: Uint8Array, out: Uint8Array) => {
    if (text.length > 0) assertDone(update(context, out, written, text, text.length));
  };
  return {
    encrypt(key, nonce, aad, plaintext) {
      try {
        const sealed = Buffer.allocUnsafe(plaintext.length + tagBytes);
        const tag = sealed.subarray(plaintext.length);
        begin(key, nonce, aad, 1);
        through(plaintext, sealed);
        assertDone(final(context, tag, written));
        assertDone(control(context, command.getTag, tagBytes, tag));
        return sealed;
      } finally {
        // Overwrites the key's schedule.
        reset(context);
      }
    },
    decrypt(key, nonce, aad, sealed) {
      try {
        // Not of the pool of small buffers: plaintext does not lie beside the bytes of others.
        const plaintext = Buffer.alloc(sealed.length - tagBytes);
        const tag = new Uint8Array(sealed.subarray(plaintext.length));
        begin(key, nonce, aad, 0);
        through(sealed.subarray(0, plaintext.length), plaintext);
        assertDone(control(context, command.setTag, tagBytes, tag));
        if (final(context, tag, written) === 1) return plaintext;
        plaintext.fill(0);
        return undefined;
      } finally {
        reset(context);
      }
    },
  };
}

const evp = await loaded();

/** From the running program, which exports OpenSSL to its native modules. */
async function loaded(): Promise<Evp | undefined> {
  try {
    // Has no part for every machine.
    const { default: koffi } = await import('koffi');
    const program = koffi.load(null);
    return {
      fetch: program.func('void *EVP_CIPHER_fetch(void *library, const char *name, const char *properties)'),
      create: program.func('void *EVP_CIPHER_CTX_new()'),
      init: program.func(
        'int EVP_CipherInit_ex2(void *context, void *cipher, const uint8_t *key, const uint8_t *nonce, int enc, void *parameters)',
      ),
      update: program.func(
        'int EVP_CipherUpdate(void *context, uint8_t *out, uint8_t *length, const uint8_t *bytes, int size)',
      ),
      final: program.func('int EVP_CipherFinal_ex(void *context, uint8_t *out, uint8_t *length)'),
      control: program.func('int EVP_CIPHER_CTX_ctrl(void *context, int command, int size, uint8_t *bytes)'),
      reset: program.func('int EVP_CIPHER_CTX_reset(void *context)'),
    };
  } catch {
    return undefined;
  }
}

function assertDone(answer: number): void {
  if (answer !== 1) throw new Error('OpenSSL refused a step of a cipher');
}

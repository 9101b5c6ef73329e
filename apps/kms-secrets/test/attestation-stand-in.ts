import { createHash, generateKeyPairSync, type KeyObject, randomBytes, randomUUID, sign, verify } from 'node:crypto';
import { openSealed, sealTo } from '@gabion/keys/hpke';
import { bindingOf, type HeldPlace, type KeyHolder } from '../src/seal/key-holder.ts';
import { SealProblem } from '../src/seal/seal-problem.ts';

/** What a machine says of what runs on it, signed with a key that never leaves it. */
export interface Quote {
  readonly measurement: string;
  /** What the quote was asked for. */
  readonly data: Buffer;
  readonly signature: Buffer;
}

/** A machine that runs what was measured. */
export class TestMachine {
  measurement: string;
  readonly #keys = generateKeyPairSync('ed25519');
  /** Shown instead of a fresh quote: one that was overheard. */
  replayed: Quote | undefined;
  last: Quote | undefined;

  constructor(measurement: string) {
    this.measurement = measurement;
  }

  get publicKey(): KeyObject {
    return this.#keys.publicKey;
  }

  quote(data: Buffer): Quote {
    if (this.replayed) return this.replayed;
    const signature = sign(null, Buffer.concat([Buffer.from(this.measurement), data]), this.#keys.privateKey);
    this.last = { measurement: this.measurement, data, signature };
    return this.last;
  }
}

/** Who keeps keys and releases them to machines of one measurement, each time for a nonce of its own. */
export class TestAttestation {
  readonly #kept = new Map<string, Buffer>();
  readonly #nonces = new Set<string>();

  constructor(
    private readonly machine: KeyObject,
    private readonly measurement: string,
  ) {}

  keep(key: Uint8Array): string {
    const handle = randomUUID();
    this.#kept.set(handle, Buffer.from(key));
    return handle;
  }

  nonce(): Buffer {
    const nonce = randomBytes(32);
    this.#nonces.add(nonce.toString('hex'));
    return nonce;
  }

  /** The key, sealed to `recipient`; throws unless the quote is of the measurement, the nonce and the recipient. */
  async release(handle: string, nonce: Buffer, recipient: Buffer, quote: Quote): Promise<Buffer> {
    if (!this.#nonces.delete(nonce.toString('hex'))) throw new Error('the nonce is not one of mine');
    const signed = Buffer.concat([Buffer.from(quote.measurement), quote.data]);
    if (!verify(null, signed, this.machine, quote.signature)) throw new Error('the quote is not of the machine');
    if (!quote.data.equals(boundTo(nonce, recipient))) throw new Error('the quote is not for this nonce and key');
    if (quote.measurement !== this.measurement) throw new Error(`the measurement ${quote.measurement} is not accepted`);
    return sealTo(recipient, this.#kept.get(handle) ?? Buffer.alloc(0), released(handle));
  }
}

/** The holder of an attested seal, as `attestation` would plug it in. */
export class AttestedHolder implements KeyHolder {
  constructor(
    private readonly machine: TestMachine,
    private readonly attestation: TestAttestation,
  ) {}

  async close(key: Uint8Array, place: HeldPlace): Promise<Buffer> {
    return Buffer.from(JSON.stringify({ handle: this.attestation.keep(key), binding: bindingOf(place) }));
  }

  async open(closed: Uint8Array, place: HeldPlace): Promise<Buffer> {
    const { handle, binding } = JSON.parse(Buffer.from(closed).toString());
    if (binding !== bindingOf(place)) throw new SealProblem('the key is of another seal');
    const { publicKey, privateKey } = generateKeyPairSync('x25519');
    const recipient = Buffer.from(publicKey.export({ format: 'jwk' }).x as string, 'base64url');
    const own = Buffer.from(privateKey.export({ format: 'jwk' }).d as string, 'base64url');
    const nonce = this.attestation.nonce();
    try {
      const quote = this.machine.quote(boundTo(nonce, recipient));
      return await openSealed(own, await this.attestation.release(handle, nonce, recipient, quote), released(handle));
    } catch (error) {
      throw new SealProblem(`attestation does not release the key: ${(error as Error).message}`);
    }
  }
}

function boundTo(nonce: Buffer, recipient: Buffer): Buffer {
  return createHash('sha256').update(nonce).update(recipient).digest();
}

function released(handle: string) {
  return { info: 'test attestation', aad: handle };
}

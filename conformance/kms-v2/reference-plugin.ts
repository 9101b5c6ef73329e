import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { Server, ServerCredentials, status } from '@grpc/grpc-js';
import { keyManagementService, type Sealed } from './contract.ts';

/** What the plugin can be told to get wrong, each of which a scenario must notice. */
export const faults = [
  'flip-flop',
  'other-key-id',
  'no-authentication',
  'any-key-id',
  'any-annotation',
  'long-key-id',
  'bad-annotation',
  'long-ciphertext',
  'forgets-rotated',
  'forgets-at-restart',
  'never-disabled',
  'slow',
] as const;
export type FaultName = (typeof faults)[number];

const annotationName = 'purpose.reference.conformance';
const annotationValue = Buffer.from('data-key');

type Done = (error: { code: number; details: string } | null, answer?: object) => void;

/** A small KMS v2 provider with keys in memory (AES-256-GCM, key_id and annotations bound), to test the harness by. */
export class ReferencePlugin {
  readonly #keys = new Map<string, Buffer>();
  #current = '';
  #isDisabled = false;
  #calls = 0;
  #server: Server | undefined;

  constructor(
    private readonly socket: string,
    private readonly fault?: FaultName,
  ) {
    this.rotate();
  }

  rotate(): void {
    if (this.fault === 'forgets-rotated') this.#keys.clear();
    const serial = this.#keys.size + 1;
    this.#current = this.fault === 'long-key-id' ? `${serial}`.padEnd(1_025, 'k') : `reference-${serial}`;
    this.#keys.set(this.#current, randomBytes(32));
  }

  setDisabled(isDisabled: boolean): void {
    this.#isDisabled = isDisabled && this.fault !== 'never-disabled';
  }

  async start(): Promise<void> {
    rmSync(this.socket, { force: true });
    const server = new Server();
    server.addService(keyManagementService.service, {
      Status: (_: unknown, done: Done) => this.#answer(done, () => this.#status()),
      Encrypt: ({ request }: { request: { plaintext: Buffer } }, done: Done) =>
        this.#answer(done, () => this.#encrypt(request.plaintext)),
      Decrypt: ({ request }: { request: Sealed }, done: Done) =>
        this.#answer(done, () => ({ plaintext: this.#decrypt(request) })),
    });
    await new Promise<void>((resolve, reject) => {
      const credentials = ServerCredentials.createInsecure();
      server.bindAsync(`unix:${this.socket}`, credentials, (error) => (error ? reject(error) : resolve()));
    });
    this.#server = server;
  }

  stop(): void {
    this.#server?.forceShutdown();
  }

  async restart(): Promise<void> {
    this.stop();
    if (this.fault === 'forgets-at-restart') this.#keys.set(this.#current, randomBytes(32));
    await this.start();
  }

  #answer(done: Done, make: () => object): void {
    const answer = () => {
      try {
        done(null, make());
      } catch {
        done({ code: status.INVALID_ARGUMENT, details: 'refused' });
      }
    };
    setTimeout(answer, this.fault === 'slow' ? 3_500 : 0);
  }

  #status(): object {
    this.#calls++;
    const flip = this.fault === 'flip-flop' && this.#calls % 2 === 0 ? 'x' : '';
    return { version: 'v2', healthz: this.#isDisabled ? 'disabled' : 'ok', keyId: this.#current + flip };
  }

  #encrypt(plaintext: Buffer): object {
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', this.#key(this.#current), nonce);
    cipher.setAAD(aad(this.#current));
    const sealed = Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
    const padding = this.fault === 'long-ciphertext' ? Buffer.alloc(1_024) : Buffer.alloc(0);
    const name = this.fault === 'bad-annotation' ? 'purpose' : annotationName;
    const keyId = this.fault === 'other-key-id' ? `${this.#current}-other` : this.#current;
    return { ciphertext: Buffer.concat([sealed, padding]), keyId, annotations: { [name]: annotationValue } };
  }

  #decrypt({ ciphertext, keyId, annotations }: Sealed): Buffer {
    const id = this.fault === 'any-key-id' ? this.#current : keyId;
    if (this.fault !== 'any-annotation' && !annotations[annotationName]?.equals(annotationValue))
      throw new Error('annotation');
    const decipher = createDecipheriv('aes-256-gcm', this.#key(id), ciphertext.subarray(0, 12), { authTagLength: 16 });
    decipher.setAAD(aad(id));
    const plaintext = decipher.update(ciphertext.subarray(12, -16));
    if (this.fault === 'no-authentication') return plaintext;
    decipher.setAuthTag(ciphertext.subarray(-16));
    return Buffer.concat([plaintext, decipher.final()]);
  }

  #key(id: string): Buffer {
    const key = this.#keys.get(id);
    if (key === undefined || this.#isDisabled) throw new Error('no key');
    return key;
  }
}

function aad(keyId: string): Buffer {
  return Buffer.from(`${keyId}\0${annotationName}`);
}

import { readFile } from 'node:fs/promises';
import { CryptoService } from '@gabion/contracts/gabion/kms/v1/operations_pb';
import { type Client, connect } from '@gabion/rpc/client';
import { Fault } from '@gabion/rpc/fault';
import { credentials } from '@grpc/grpc-js';
import type { TransitConfig } from '../config.ts';
import type { HeldPlace, KeyHolder } from './key-holder.ts';
import { SealProblem } from './seal-problem.ts';

const deadlineMs = 5000;

/** A key of another Gabion, which closes the seal's key as any other text and puts the use on its own trail. */
export class TransitKey implements KeyHolder {
  readonly #config: TransitConfig;

  constructor(config: TransitConfig) {
    this.#config = config;
  }

  async close(key: Uint8Array, place: HeldPlace): Promise<Buffer> {
    const { ciphertext } = await this.#asked((service, as) =>
      service.encrypt({ key: this.#config.key, plaintext: key, context: contextOf(place) }, as),
    );
    return Buffer.from(ciphertext);
  }

  async open(closed: Uint8Array, place: HeldPlace): Promise<Buffer> {
    const { plaintext } = await this.#asked((service, as) =>
      service.decrypt({ key: this.#config.key, ciphertext: closed, context: contextOf(place) }, as),
    );
    return Buffer.from(plaintext);
  }

  async #asked<T>(question: (service: Crypto, as: { token: string; deadlineMs: number }) => Promise<T>): Promise<T> {
    const { address, tokenFile, caFile, isPlaintext, key } = this.#config;
    try {
      const [token, ca] = await Promise.all([readFile(tokenFile, 'utf8'), caFile ? readFile(caFile) : undefined]);
      const safety = isPlaintext ? credentials.createInsecure() : credentials.createSsl(ca);
      using connection = connect({ address, as: 'kms-secrets', credentials: safety });
      return await question(connection.client(CryptoService), { token: token.trim(), deadlineMs });
    } catch (error) {
      const why = error instanceof Fault ? `${error.code}: ${error.message}` : (error as Error).message;
      throw new SealProblem(`the key ${key} of ${address} does not open the seal (${why})`);
    }
  }
}

type Crypto = Client<typeof CryptoService>;

function contextOf({ installation, generation }: HeldPlace): Record<string, string> {
  return { purpose: 'gabion seal', installation, generation: `${generation}` };
}

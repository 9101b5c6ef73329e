import {
  create,
  type DescMessage,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import {
  DecryptRequestSchema,
  DecryptResponseSchema,
  EncryptRequestSchema,
  type EncryptResponse,
  EncryptResponseSchema,
  StatusRequestSchema,
  StatusResponseSchema,
} from '@gabion/contracts/k8s.io/kms/apis/v2/api_pb';
import { Client, credentials, type ServiceError } from '@grpc/grpc-js';

const asIs = (bytes: Buffer): Buffer => bytes;

/** The calls of an API server, with its deadline of 3 s. */
export class ApiServer implements Disposable {
  readonly #client: Client;

  constructor(socket: string) {
    this.#client = new Client(`unix:${socket}`, credentials.createInsecure(), {
      'grpc.initial_reconnect_backoff_ms': 50,
      'grpc.max_reconnect_backoff_ms': 200,
    });
  }

  status() {
    return this.#call('Status', StatusRequestSchema, {}, StatusResponseSchema);
  }

  encrypt(plaintext: Uint8Array, uid = 'uid-1') {
    return this.#call('Encrypt', EncryptRequestSchema, { plaintext, uid }, EncryptResponseSchema);
  }

  async decrypt(sealed: MessageInitShape<typeof DecryptRequestSchema>): Promise<Buffer> {
    const { plaintext } = await this.#call('Decrypt', DecryptRequestSchema, sealed, DecryptResponseSchema);
    return Buffer.from(plaintext);
  }

  /** Sends what is no message. */
  raw(method: string, bytes: Buffer): Promise<Buffer> {
    const options = { deadline: Date.now() + 3000, waitForReady: true };
    return new Promise((resolve, reject) =>
      this.#client.makeUnaryRequest(
        `/v2.KeyManagementService/${method}`,
        asIs,
        asIs,
        bytes,
        options,
        (error, answer) => (error ? reject(error) : resolve(answer as Buffer)),
      ),
    );
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }

  async #call<I extends DescMessage, O extends DescMessage>(
    method: string,
    input: I,
    request: MessageInitShape<I>,
    output: O,
  ): Promise<MessageShape<O>> {
    return fromBinary(output, await this.raw(method, Buffer.from(toBinary(input, create(input, request)))));
  }
}

/** What of an answer to Encrypt an API server gives to Decrypt. */
export function stored({ ciphertext, keyId, annotations }: EncryptResponse) {
  return { ciphertext, keyId, annotations, uid: 'uid-2' };
}

/** The gRPC status and text with which a call ends. */
export async function refusalOf(call: Promise<unknown>): Promise<{ code: number; details: string }> {
  const outcome = await call.then(
    () => ({ code: 0, details: 'answered' }),
    (error: ServiceError) => ({ code: error.code as number, details: error.details }),
  );
  return outcome;
}

import { type Client, credentials, Metadata } from '@grpc/grpc-js';
import { keyManagementService, type Sealed, type StatusResponse } from './contract.ts';

/** The API server's own default for one call of a KMS plugin. */
export const callDeadlineMs = 3_000;

type Unary = (
  request: object,
  metadata: Metadata,
  options: object,
  done: (error: Error | null, answer: unknown) => void,
) => void;

/** Any KMS v2 provider behind a unix socket, called with the deadline of the API server. */
export class Provider {
  readonly #client: Client & Record<string, Unary>;

  constructor(socket: string) {
    const options = { 'grpc.initial_reconnect_backoff_ms': 50, 'grpc.max_reconnect_backoff_ms': 200 };
    const client: unknown = new keyManagementService(`unix:${socket}`, credentials.createInsecure(), options);
    this.#client = client as Client & Record<string, Unary>;
  }

  status(): Promise<StatusResponse> {
    return this.#call<StatusResponse>('Status', {});
  }

  encrypt(plaintext: Uint8Array, uid = crypto.randomUUID() as string): Promise<Sealed> {
    return this.#call<Sealed>('Encrypt', { plaintext, uid });
  }

  async decrypt(sealed: Sealed, uid = crypto.randomUUID() as string): Promise<Buffer> {
    return (await this.#call<{ plaintext: Buffer }>('Decrypt', { ...sealed, uid })).plaintext;
  }

  close(): void {
    this.#client.close();
  }

  #call<Answer>(method: string, request: object): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const options = { deadline: Date.now() + callDeadlineMs };
      // As an API server, which waits for a provider that is not there yet.
      const metadata = new Metadata({ waitForReady: true });
      this.#client[method]?.(request, metadata, options, (error, answer) =>
        error ? reject(error) : resolve(answer as Answer),
      );
    });
  }
}

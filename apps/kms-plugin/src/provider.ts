import { chmod, mkdir, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { create, type DescMessage, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import {
  type DecryptRequest,
  DecryptRequestSchema,
  DecryptResponseSchema,
  type EncryptRequest,
  EncryptRequestSchema,
  EncryptResponseSchema,
  KeyManagementService,
  StatusResponseSchema,
} from '@gabion/contracts/k8s.io/kms/apis/v2/api_pb';
import { serviceDefinition } from '@gabion/rpc/definition';
import type { Logger } from '@gabion/telemetry/log';
import { type handleUnaryCall, Server, ServerCredentials, status } from '@grpc/grpc-js';
import type { ClusterKeys } from './cluster-keys.ts';
import { ProviderError } from './provider-error.ts';
import { requestOf } from './requests.ts';
import { ciphertextRefused, closed, opened } from './seed-cipher.ts';
import type { PluginUse } from './use-reporter.ts';

export interface ProviderParts {
  readonly keys: ClusterKeys;
  readonly log: Logger;
  /** Told of each use. */
  used(use: PluginUse): void;
}

/** KMS v2 (k8s.io/kms/apis/v2) for the API server at the other end of a unix socket. */
export class Provider implements AsyncDisposable {
  readonly #server = new Server({
    'grpc.max_receive_message_length': 128 * 1024,
    'grpc.max_metadata_size': 16 * 1024,
    'grpc.max_concurrent_streams': 1000,
  });

  constructor(private readonly parts: ProviderParts) {
    this.#server.addService(serviceDefinition(KeyManagementService), {
      status: this.#answering(() => toBytes(StatusResponseSchema, this.#status())),
      encrypt: this.#answering((bytes) =>
        toBytes(EncryptResponseSchema, this.#encrypt(requestOf(EncryptRequestSchema, bytes))),
      ),
      decrypt: this.#answering((bytes) =>
        toBytes(DecryptResponseSchema, this.#decrypt(requestOf(DecryptRequestSchema, bytes))),
      ),
    });
  }

  /** Listens; only the owner of the process opens the socket. Throws `socket_taken` when somebody answers there. */
  async listen(socket: string): Promise<void> {
    await mkdir(dirname(socket), { recursive: true, mode: 0o700 });
    if (await answers(socket)) throw new ProviderError('socket_taken', `another plugin answers at ${socket}`);
    await rm(socket, { force: true });
    // A socket is as open as the umask at its making lets it be; there must be no moment at which others open it.
    const before = process.umask(0o177);
    try {
      await new Promise<void>((resolve, reject) => {
        const bound = (error: Error | null) => (error ? reject(error) : resolve());
        this.#server.bindAsync(`unix:${socket}`, ServerCredentials.createInsecure(), bound);
      });
    } finally {
      process.umask(before);
    }
    await chmod(socket, 0o600);
  }

  /** Lets calls in flight end, for a second. */
  async [Symbol.asyncDispose](): Promise<void> {
    const forced = setTimeout(() => this.#server.forceShutdown(), 1000);
    await new Promise<void>((ended) => this.#server.tryShutdown(() => ended()));
    clearTimeout(forced);
  }

  #status(): MessageInitShape<typeof StatusResponseSchema> {
    return { version: 'v2', healthz: 'ok', keyId: this.parts.keys.primary().kmsKeyId };
  }

  #encrypt({ plaintext, uid }: EncryptRequest): MessageInitShape<typeof EncryptResponseSchema> {
    return this.#recorded({ kmsKeyId: '', operation: 'encrypt', uid: uid.slice(0, 128) }, () => {
      const { kmsKeyId, key } = this.parts.keys.primary();
      try {
        return { keyId: kmsKeyId, ciphertext: closed(key, kmsKeyId, plaintext) };
      } finally {
        plaintext.fill(0);
      }
    });
  }

  #decrypt({ ciphertext, uid, keyId, annotations }: DecryptRequest): MessageInitShape<typeof DecryptResponseSchema> {
    return this.#recorded({ kmsKeyId: keyId.slice(0, 1024), operation: 'decrypt', uid: uid.slice(0, 128) }, () => {
      const key = this.parts.keys.named(keyId);
      // Encrypt gives none: whatever comes with them was not made here.
      if (Object.keys(annotations).length > 0) throw ciphertextRefused();
      return { plaintext: opened(key, keyId, ciphertext), keyId };
    });
  }

  /** Has what was done, or refused, in the log under the API server's uid, and on the trail. */
  #recorded<T extends { readonly keyId: string }>(use: Omit<PluginUse, 'code'>, work: () => T): Omit<T, 'keyId'> | T {
    try {
      const answer = work();
      this.parts.used({ ...use, kmsKeyId: answer.keyId, code: '' });
      return answer;
    } catch (error) {
      this.parts.used({ ...use, code: error instanceof ProviderError ? error.code : 'internal' });
      throw error;
    }
  }

  #answering(answer: (request: Buffer) => Buffer): handleUnaryCall<Buffer, Buffer> {
    return ({ request }, respond) => {
      const now = () => {
        try {
          respond(null, answer(request));
        } catch (error) {
          respond(this.#refusal(error));
        }
      };
      const { keys } = this.parts;
      if (keys.isHeard) now();
      else void keys.heardOnce().then(now);
    };
  }

  #refusal(error: unknown): { code: status; details: string } {
    if (error instanceof ProviderError) return error.answer;
    this.parts.log.error({ error }, 'a call failed unforeseen');
    return { code: status.INTERNAL, details: 'the plugin failed [internal]' };
  }
}

function toBytes<D extends DescMessage>(schema: D, message: MessageInitShape<D>): Buffer {
  return Buffer.from(toBinary(schema, create(schema, message)));
}

/** Whether somebody listens at the socket; one that a killed process left behind refuses. */
function answers(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(socket);
    probe.once('connect', () => resolve(true)).once('error', () => resolve(false));
    probe.once('connect', () => probe.destroy());
  });
}

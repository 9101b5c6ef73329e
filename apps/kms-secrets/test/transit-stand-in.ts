import { fromBinary } from '@bufbuild/protobuf';
import { CryptoService } from '@gabion/contracts/gabion/kms/v1/operations_pb';
import type { Connection } from '@gabion/rpc/client';
import { serviceDefinition, writeMessage } from '@gabion/rpc/definition';
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData, status } from '@grpc/grpc-js';
import { root } from './platform.ts';

/** The gateway of another Gabion as far as a seal sees it: a token goes in, and the key service behind it answers. */
export interface StandIn extends AsyncDisposable {
  readonly address: string;
  readonly token: string;
  /** Answers that it is unavailable. */
  isDown: boolean;
  readonly asked: number;
}

export async function standIn(behind: Connection): Promise<StandIn> {
  const token = 'token of the seal';
  let asked = 0;
  const crypto = behind.client(CryptoService);
  const guarded =
    (answer: (bytes: Buffer) => Promise<Buffer>) =>
    async ({ request, metadata }: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>) => {
      asked++;
      if (self.isDown) return callback({ code: status.UNAVAILABLE, details: 'down' });
      if (metadata.get('authorization')[0] !== `Bearer ${token}`)
        return callback({ code: status.UNAUTHENTICATED, details: 'no such token' });
      await answer(request).then(
        (bytes) => callback(null, bytes),
        (error: Error) => callback({ code: status.INVALID_ARGUMENT, details: error.message }),
      );
    };
  const { encrypt, decrypt } = CryptoService.method;
  const server = new Server();
  server.addService(serviceDefinition(CryptoService), {
    encrypt: guarded(async (bytes) =>
      writeMessage(encrypt.output, await crypto.encrypt(fromBinary(encrypt.input, bytes), { caller: root })),
    ),
    decrypt: guarded(async (bytes) =>
      writeMessage(decrypt.output, await crypto.decrypt(fromBinary(decrypt.input, bytes), { caller: root })),
    ),
  });
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  const self = {
    address: `127.0.0.1:${port}`,
    token,
    isDown: false,
    get asked() {
      return asked;
    },
    async [Symbol.asyncDispose]() {
      server.forceShutdown();
    },
  };
  return self;
}

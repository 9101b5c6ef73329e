import { type Server, ServerCredentials } from '@grpc/grpc-js';

export const asIs = (bytes: Buffer): Buffer => bytes;

/** A unary method of bare grpc-js, which is handed bytes as they come. */
export function bareMethod(path: string) {
  return {
    path,
    requestStream: false as const,
    responseStream: false as const,
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  };
}

/** Serves at a unix socket. */
export async function serveAt(server: Server, socket: string): Promise<void> {
  await new Promise<void>((resolve, reject) =>
    server.bindAsync(`unix:${socket}`, ServerCredentials.createInsecure(), (error) =>
      error ? reject(error) : resolve(),
    ),
  );
}

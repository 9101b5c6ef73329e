import { type DescMessage, fromBinary, type MessageShape } from '@bufbuild/protobuf';
import { status } from '@grpc/grpc-js';
import { ProviderError } from './provider-error.ts';

/** A request of an API server; throws `message_malformed`. */
export function requestOf<D extends DescMessage>(schema: D, bytes: Uint8Array): MessageShape<D> {
  try {
    return fromBinary(schema, bytes);
  } catch {
    throw new ProviderError('message_malformed', `the message is not a ${schema.typeName}`, status.INVALID_ARGUMENT);
  }
}

import {
  create,
  type DescMessage,
  type DescMethod,
  type DescService,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import { violations } from '@gabion/contracts/rules';
import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js';
import { Fault } from './fault.ts';
import { pathOf } from './method-path.ts';

const asIs = (bytes: Buffer): Buffer => bytes;

/** A method for @grpc/grpc-js. Bytes pass as they are, so that a message which cannot be read gets our error and not the transport's. */
export function methodDefinition(method: DescMethod): MethodDefinition<Buffer, Buffer> {
  return {
    path: pathOf(method),
    requestStream: method.methodKind === 'client_streaming' || method.methodKind === 'bidi_streaming',
    responseStream: method.methodKind === 'server_streaming' || method.methodKind === 'bidi_streaming',
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  };
}

/** A service for @grpc/grpc-js, from the generated descriptor: no .proto is loaded. */
export function serviceDefinition(service: DescService): ServiceDefinition {
  return Object.fromEntries(service.methods.map((method) => [method.localName, methodDefinition(method)]));
}

/** Reads and validates a message; throws the Fault that names every field at fault. */
export function readMessage<D extends DescMessage>(schema: D, bytes: Uint8Array): MessageShape<D> {
  const message = decode(schema, bytes);
  const found = violations(schema, message);
  if (found.length === 0) return message;
  const [first] = found;
  const more = found.length > 1 ? ` (and ${found.length - 1} more)` : '';
  throw new Fault('invalid_argument', `${first?.field} ${first?.message}${more}`, {
    code: 'field_invalid',
    fields: found,
  });
}

function decode<D extends DescMessage>(schema: D, bytes: Uint8Array): MessageShape<D> {
  try {
    return fromBinary(schema, bytes);
  } catch (cause) {
    throw new Fault('invalid_argument', `the message is not a ${schema.typeName}`, {
      code: 'message_malformed',
      cause,
    });
  }
}

/** A message, or what makes one, as bytes. */
export function writeMessage<D extends DescMessage>(schema: D, message: MessageInitShape<D>): Buffer {
  const bytes = toBinary(schema, create(schema, message));
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

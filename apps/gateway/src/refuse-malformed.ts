import { type DescMessage, fromBinary } from '@bufbuild/protobuf';
import { Fault } from '@gabion/rpc/fault';
import { toStatus } from '@gabion/rpc/faults';
import { ServerInterceptingCall, type ServerInterceptor } from '@grpc/grpc-js';

/**
 * Turns away what is no message of the type that a path takes, before the method sees it. For methods that anybody
 * may call and that read messages in an event handler, where an error would end the process.
 */
export function refuseMalformed(schemas: Readonly<Record<string, DescMessage>>): ServerInterceptor {
  return (method, call) => {
    const schema = Object.entries(schemas).find(([prefix]) => method.path.startsWith(prefix))?.[1];
    if (!schema) return new ServerInterceptingCall(call);
    return new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMessage: (message: Buffer, pass) => {
            if (isA(schema, message)) return pass(message);
            const fault = new Fault('invalid_argument', `the message is not a ${schema.typeName}`, {
              code: 'message_malformed',
            });
            call.sendStatus(toStatus(fault));
          },
        }),
    });
  };
}

function isA(schema: DescMessage, bytes: Uint8Array): boolean {
  try {
    fromBinary(schema, bytes);
    return true;
  } catch {
    return false;
  }
}

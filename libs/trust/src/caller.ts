import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { type Caller, CallerKind, CallerSchema } from '@gabion/contracts/gabion/identity/v1/caller_pb';

export { type Caller, CallerKind } from '@gabion/contracts/gabion/identity/v1/caller_pb';

/** Metadata key under which a caller travels from the gateway to the services. */
export const callerKey = 'gabion-caller-bin';

/** The caller that a service is when it calls for itself. */
export function serviceCaller(service: string): Caller {
  return create(CallerSchema, { kind: CallerKind.SERVICE, id: service, name: service });
}

/** The person at the keyboard of the machine itself, who owns the data directory and so may do everything. */
export function localOperator(): Caller {
  return create(CallerSchema, { kind: CallerKind.USER, id: 'local', name: 'local operator', permissions: ['*'] });
}

/** Whether the caller's permissions hold `permission`: by name, by "<area>.*" or by "*". */
export function holds(caller: Caller, permission: string): boolean {
  const area = `${permission.slice(0, permission.indexOf('.'))}.*`;
  return caller.permissions.some((held) => held === permission || held === '*' || held === area);
}

/** Bytes of callers that are frozen, and so cannot change. */
const encoded = new WeakMap<Caller, Buffer>();

/** The caller as it travels in metadata; made once for a caller that is frozen. */
export function encodeCaller(caller: Caller): Buffer {
  const known = encoded.get(caller);
  if (known) return known;
  const bytes = Buffer.from(toBinary(CallerSchema, caller));
  if (Object.isFrozen(caller) && Object.isFrozen(caller.permissions)) encoded.set(caller, bytes);
  return bytes;
}

/** The caller that metadata carries; undefined when the bytes are no caller of a known kind. */
export function decodeCaller(bytes: Uint8Array): Caller | undefined {
  try {
    const caller = fromBinary(CallerSchema, bytes);
    return caller.id && caller.kind !== CallerKind.UNSPECIFIED ? caller : undefined;
  } catch {
    return undefined;
  }
}

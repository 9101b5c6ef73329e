import { create, type DescMethod } from '@bufbuild/protobuf';
import { type Access, accessOf } from '@gabion/contracts/access';
import { type Caller, CallerSchema } from '@gabion/contracts/gabion/identity/v1/caller_pb';
import { CallerKind, callerKey, decodeCaller, holds, serviceCaller } from '@gabion/trust/caller';
import { serviceOf } from '@gabion/trust/spiffe';
import type { Metadata, ServerUnaryCall } from '@grpc/grpc-js';
import { keys } from './call.ts';
import { Fault } from './fault.ts';

/** Which services may call, and whether they may say for whom: the gateway speaks for its callers, others only for themselves. */
export type AllowedCallers = Readonly<Record<string, 'for-others' | 'for-itself'>>;

/** How the connection of a call was made. */
export type Door =
  /** Unix socket in a directory that only this user can open: the name in metadata is believed. */
  | 'local'
  /** Mutual TLS: the verified certificate names the service. */
  | 'mutual-tls'
  /** TLS without a client certificate: methods that are anonymous, and nothing else. */
  | 'bootstrap';

export interface Admitted {
  readonly caller: Caller;
  readonly peer: string | undefined;
}

type SurfaceCall = Pick<ServerUnaryCall<unknown, unknown>, 'metadata' | 'getAuthContext'>;

/** Who is at the other end and for whom they call; throws a Fault for a peer that is not on the list. */
export function identify(call: SurfaceCall, door: Door, callers: AllowedCallers): Admitted {
  const peer = peerOf(call, door);
  if (peer === undefined) return { peer, caller: create(CallerSchema) };
  const standing = Object.hasOwn(callers, peer) ? callers[peer] : undefined;
  if (!standing)
    throw new Fault('permission_denied', `the service ${peer} may not call this service`, {
      code: 'service_not_allowed',
    });
  const [bytes] = call.metadata.get(callerKey);
  if (!bytes) return { peer, caller: serviceCaller(peer) };
  if (standing !== 'for-others')
    throw new Fault('permission_denied', `the service ${peer} may not speak for others`, {
      code: 'service_not_allowed',
    });
  const caller = bytes instanceof Buffer ? decodeCaller(bytes) : undefined;
  if (!caller)
    throw new Fault('invalid_argument', `the metadata ${callerKey} is not a caller`, { code: 'caller_malformed' });
  return { peer, caller };
}

function peerOf(call: SurfaceCall, door: Door): string | undefined {
  switch (door) {
    case 'bootstrap':
      return undefined;
    case 'local':
      return text(call.metadata, keys.service) ?? 'unnamed';
    case 'mutual-tls': {
      const certificate = call.getAuthContext().sslPeerCertificate;
      return (certificate && serviceOf(certificate)) ?? 'unnamed';
    }
    default: {
      const never: never = door;
      throw new Error(`unknown door ${never}`);
    }
  }
}

/** The first value of a metadata key that is text. */
export function text(metadata: Metadata, key: string): string | undefined {
  const [value] = metadata.get(key);
  return typeof value === 'string' ? value : undefined;
}

const accesses = new Map<DescMethod, Access>();

function access(method: DescMethod): Access {
  const known = accesses.get(method) ?? accessOf(method);
  accesses.set(method, known);
  return known;
}

/** Throws the Fault with which a caller who may not call the method is turned away. */
export function authorize(method: DescMethod, { caller, peer }: Admitted): void {
  const needed = access(method);
  if (needed.way === 'anonymous') return;
  if (peer === undefined || caller.kind === CallerKind.UNSPECIFIED)
    throw new Fault('unauthenticated', 'show who you are', { code: 'unauthenticated' });
  if (needed.way === 'authenticated') return;
  if (needed.way === 'services') {
    const isNamed =
      caller.kind === CallerKind.SERVICE && (needed.names.includes(caller.id) || needed.names.includes('*'));
    if (!isNamed)
      throw new Fault('permission_denied', 'this is for services of the platform only', { code: 'services_only' });
    return;
  }
  if (!holds(caller, needed.permission))
    throw new Fault('permission_denied', `this needs the permission ${needed.permission}`, {
      code: 'permission_denied',
    });
}

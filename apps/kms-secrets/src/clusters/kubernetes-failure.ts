import { Fault } from '@gabion/rpc/fault';
import { KubernetesError } from './kubernetes-connection.ts';

/** The stable code of what kept a step in a cluster from its end. */
export function codeOf(error: unknown): string {
  if (error instanceof Fault) return error.code;
  if (!(error instanceof KubernetesError)) return 'internal';
  if (error.status === 0) return 'api_server_unreachable';
  return error.status === 401 || error.status === 403 ? 'api_server_refuses' : 'api_server_failed';
}

/** What its reader is told; nothing of what was not foreseen. */
export function messageOf(error: unknown): string {
  return error instanceof Fault || error instanceof KubernetesError ? error.message : 'the service failed';
}

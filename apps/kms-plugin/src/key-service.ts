import type { ClusterKeyService } from '@gabion/contracts/gabion/kms/v1/clusters_pb';
import type { CallOptions, Client } from '@gabion/rpc/client';

/** A connection to the key service. */
export interface KeyServiceReach extends AsyncDisposable {
  readonly keys: Pick<Client<typeof ClusterKeyService>, 'watchClusterKeys' | 'reportClusterKeyUses'>;
  /** What goes with each call. */
  readonly as: Pick<CallOptions, 'token' | 'caller'>;
}

/** Which plugin this is, and how it reaches the key service: anew each time, since tokens change. */
export interface KeyServiceParts {
  readonly cluster: string;
  readonly node: string;
  reach(): Promise<KeyServiceReach>;
}

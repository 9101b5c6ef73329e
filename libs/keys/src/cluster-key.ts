/** For whom a key of a cluster is sealed. */
export interface ClusterKeyRecipient {
  readonly cluster: string;
  /** Where the plugin runs. */
  readonly node: string;
  readonly kmsKeyId: string;
}

/** What HPKE (RFC 9180) binds a key of a cluster to, on its way from the key service to a plugin of KMS v2. */
export function clusterKeyContext({ cluster, node, kmsKeyId }: ClusterKeyRecipient) {
  return { info: 'gabion cluster key v1', aad: `${cluster}\n${node}\n${kmsKeyId}` };
}

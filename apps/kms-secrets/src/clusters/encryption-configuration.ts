import { stringify } from 'yaml';
import { clusterFaults } from './cluster-faults.ts';
import type { ClusterRow } from './tables.ts';

const defaultEndpoint = 'unix:///run/gabion/kms.sock';

/**
 * The EncryptionConfiguration (apiserver.config.k8s.io/v1) of an API server beside a plugin. What is in the clear stays
 * readable until it is written again: `identity` comes last.
 */
export function encryptionConfiguration({ cluster, resources }: ClusterRow, endpoint: string): string {
  const at = endpoint || defaultEndpoint;
  if (!/^unix:\/\/\/[A-Za-z0-9._/-]+$/.test(at))
    throw clusterFaults.invalid('endpoint', 'is unix:/// and the absolute path of a socket', 'endpoint_invalid');
  const kms = { apiVersion: 'v2', name: 'gabion', endpoint: at, timeout: '3s' };
  const configuration = {
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'EncryptionConfiguration',
    resources: [{ resources: [...resources], providers: [{ kms }, { identity: {} }] }],
  };
  const head = `# Encryption at rest of the cluster ${cluster}, by the plugin of \`gabion kms-plugin --cluster ${cluster}\`.\n`;
  return head + stringify(configuration);
}

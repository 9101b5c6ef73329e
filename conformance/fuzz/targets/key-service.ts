import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { KeySchema, KeyState, KeyType } from '@gabion/contracts/gabion/kms/v1/keys_pb';
import { Census } from '@gabion/etcd-evidence/census';
import { takeRange } from '@gabion/etcd-evidence/range';
import { storedValue } from '@gabion/etcd-evidence/stored-value';
import { pageToken, positionIn } from '@gabion/postgres/pages';
import { combine } from '@gabion/shamir/shares';
import { readKubeconfig } from '../../../apps/kms-secrets/src/clusters/kubeconfig.ts';
import { packed, unpacked } from '../../../apps/kms-secrets/src/keys/backup-parts.ts';
import { SealFile } from '../../../apps/kms-secrets/src/seal/seal-file.ts';
import { SharesGiven } from '../../../apps/kms-secrets/src/seal/shares-given.ts';
import { clientCertificate, clientKey, material, shares, wrappedBytes } from '../kms-samples.ts';
import { type Target, texts } from '../target.ts';

const shareBytes = 33;
/** The contract's limit. */
const maxKubeconfigBytes = 65_536;
const base64 = (text: string) => Buffer.from(text).toString('base64');
const sealPath = join(tmpdir(), `gabion-fuzz-${process.pid}-seal.key`);

const kubeconfig = (user: string) => `apiVersion: v1
kind: Config
current-context: prod
clusters:
- name: prod
  cluster:
    server: https://192.0.2.1:6443
    certificate-authority-data: ${base64(clientCertificate)}
contexts:
- {name: prod, context: {cluster: prod, user: migrator}}
users:
- name: migrator
  user:
${user}
`;

const backup = packed({
  key: create(KeySchema, {
    id: '010f8fad-5bd9-4b46-9fa1-657086772895',
    name: 'backed-up',
    type: KeyType.AES_256_GCM,
    state: KeyState.ENABLED,
    primaryVersion: 2,
    versions: [1, 2].map((version) => ({ version, createTime: timestampFromMs(0) })),
    settings: { labels: { a: 'b' } },
  }),
  materials: [material, wrappedBytes],
});

/** As an API server stores it: encryptedData and keyID of an EncryptedObject behind the prefix. */
const stored = Buffer.concat([
  Buffer.from('k8s:enc:kms:v2:gabion:'),
  Buffer.of(0x0a, 16),
  Buffer.alloc(16, 7),
  Buffer.of(0x12, 14),
  Buffer.from('gabion:c:1:k:1'),
  Buffer.of(0x28, 1),
]);

/** What the key service reads of files, clusters and shares. */
export const keyServiceTargets: readonly Target[] = [
  {
    name: 'seal-shares',
    samples: [Buffer.concat(shares)],
    errors: ['ShamirError'],
    run: (input) => {
      const secret = combine([input.subarray(0, shareBytes), input.subarray(shareBytes)]);
      const isSecret = wrappedBytes.equals(secret);
      if (isSecret && !input.equals(Buffer.concat(shares))) throw new Error('changed shares give the secret');
      return secret.length > 0;
    },
  },
  {
    name: 'seal-shares-given',
    samples: [Buffer.concat(shares)],
    errors: ['Fault', 'ShamirError'],
    run: (input) => {
      const given = new SharesGiven();
      for (let at = 0; at < input.length && at < 10 * shareBytes; at += shareBytes)
        given.give(input.subarray(at, at + shareBytes));
      return given.take().length === shareBytes - 1;
    },
  },
  {
    name: 'seal-file',
    samples: texts(`${'0123456789abcdef'.repeat(4)}\n`),
    errors: ['Fault'],
    async run(input) {
      await writeFile(sealPath, input, { mode: 0o600 });
      try {
        return (await new SealFile(sealPath).inPlace())?.length === 32;
      } finally {
        await rm(sealPath);
      }
    },
  },
  {
    name: 'key-backup',
    samples: [backup],
    errors: [],
    run: (input) => {
      const parts = unpacked(input);
      if (!parts) return false;
      const again = unpacked(packed(parts));
      if (!again?.materials.every((each, at) => each.equals(parts.materials[at]!)))
        throw new Error('a backup is another one when it is packed again');
      return true;
    },
  },
  {
    name: 'kubeconfig',
    samples: texts(
      kubeconfig('    token: abc.def'),
      kubeconfig(
        `    client-certificate-data: ${base64(clientCertificate)}\n    client-key-data: ${base64(clientKey)}`,
      ),
    ),
    errors: ['Fault'],
    run: (input) => {
      const { server, token } = readKubeconfig(input.subarray(0, maxKubeconfigBytes));
      if (!server.startsWith('https://') || /[^\x21-\x7e]/.test(token ?? '')) throw new Error(`leads to ${server}`);
      return true;
    },
  },
  {
    name: 'etcd-range',
    samples: texts({
      header: { revision: '9' },
      kvs: [{ key: base64('/registry/secrets/a/b'), value: stored.toString('base64') }, { key: base64('/registry/x') }],
    }),
    errors: ['EvidenceError'],
    run: (input) => takeRange(new Census(), input.toString()) !== undefined,
  },
  {
    name: 'etcd-value',
    samples: [stored],
    errors: [],
    run: (input) => {
      const { provider, kmsKeyId } = storedValue(input);
      if (kmsKeyId.length > 1024) throw new Error(`a key_id of ${kmsKeyId.length} characters`);
      return provider === 'kms-v2' && kmsKeyId !== '';
    },
  },
  {
    name: 'page-token',
    samples: texts(pageToken({ name: 'a' }, 'keys')),
    errors: ['PostgresError'],
    run: (input) => positionIn(input.toString(), { name: 'string' }, 'keys')?.name !== undefined,
  },
];

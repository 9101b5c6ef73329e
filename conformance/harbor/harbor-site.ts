import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AdvisoryService } from '@gabion/contracts/gabion/scan/v1/advisories_pb';
import { dataDirOf, prepareDataDir } from '@gabion/gabion/data-dir';
import { startPlatform } from '@gabion/gabion/platform';
import { connect } from '@gabion/rpc/client';
import { buildImage, pushImage } from '@gabion/testkit/images';
import { file, layerTar } from '@gabion/testkit/layer-tar';
import { registryForTests } from '@gabion/testkit/registry';
import { credentials } from '@grpc/grpc-js';

/** Of the robot account by which Harbor lets a scanner pull. */
export const robot = { username: 'robot$gabion', password: 'secret:with:colons' };

/** A platform with advisories, and a registry that wants credentials, with an image that has findings and one without. */
export interface HarborSite extends AsyncDisposable {
  readonly url: string;
  readonly token: string;
  readonly registry: string;
  readonly vulnerable: string;
  readonly clean: string;
}

/** Starts them; undefined where no registry is installed. */
export async function openHarborSite(): Promise<HarborSite | undefined> {
  await using stack = new AsyncDisposableStack();
  const registry = await registryForTests({ auth: robot });
  if ('skipped' in registry) return undefined;
  stack.use(registry);
  const [vulnerable, clean] = [imageOf(['openssl', 'bash', 'zlib']), imageOf(['adduser'])];
  await pushImage(registry.host, 'library/vulnerable', '1', vulnerable, robot);
  await pushImage(registry.host, 'library/clean', '1', clean, robot);

  const root = await mkdtemp(join(tmpdir(), 'gabion-harbor-'));
  stack.defer(() => rm(root, { recursive: true, force: true }));
  const dataDir = dataDirOf(root, {});
  await prepareDataDir(dataDir, '0.1.0');
  process.env.GABION_ADVISORY_UPDATES = 'off';
  const platform = stack.use(
    await startPlatform({
      dataDir,
      http: '127.0.0.1:0',
      grpc: '127.0.0.1:0',
      services: ['identity', 'image-scanner', 'gateway'],
      kafka: [],
      postgresUrl: undefined,
      redisUrl: undefined,
      logLevel: 'error',
      progress: () => {},
    }),
  );
  const token = (await readFile(dataDir.adminTokenFile, 'utf8')).trim();
  await importAdvisories(platform.grpc!, token);
  const running = stack.move();
  return {
    url: `${platform.url}/harbor/api/v1`,
    token,
    registry: registry.host,
    vulnerable: vulnerable.manifest.digest,
    clean: clean.manifest.digest,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

function imageOf(packages: readonly string[]) {
  const status = packages.map((name) =>
    [`Package: ${name}`, 'Status: install ok installed', 'Architecture: amd64', 'Version: 1.0-1', '', ''].join('\n'),
  );
  const osRelease = 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n';
  return buildImage({ layers: [[file('etc/os-release', osRelease)], [file('var/lib/dpkg/status', status.join(''))]] });
}

/** One with all that a report can tell, one with a vector of CVSS 2, one of which next to nothing is known. */
const records = [
  {
    id: 'DEBIAN-CVE-2022-3602',
    aliases: ['CVE-2022-3602'],
    summary: 'X.509 email address buffer overflow',
    severity: [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H' }],
    references: [{ type: 'WEB', url: 'https://example.org/advisory' }],
    database_specific: { cwe_ids: ['CWE-121'] },
    affected: affected('openssl', [{ introduced: '0' }, { fixed: '1.0-2' }]),
  },
  {
    id: 'DEBIAN-CVE-2014-6271',
    aliases: ['CVE-2014-6271'],
    summary: 'Commands after functions are run',
    severity: [{ type: 'CVSS_V2', score: 'AV:N/AC:L/Au:N/C:C/I:C/A:C' }],
    affected: affected('bash', [{ introduced: '0' }, { fixed: '1.0-3' }]),
  },
  { id: 'DEBIAN-CVE-2030-0001', affected: affected('zlib', [{ introduced: '0' }]) },
];

function affected(name: string, events: readonly object[]) {
  return [{ package: { ecosystem: 'Debian:12', name }, ranges: [{ type: 'ECOSYSTEM', events }] }];
}

async function importAdvisories(address: string, token: string): Promise<void> {
  using connection = connect({ address, as: 'gateway', credentials: credentials.createInsecure() });
  const files = records.map((record) => ({
    path: `${record.id}.json`,
    content: JSON.stringify({ schema_version: '1.7.0', modified: '2026-01-01T00:00:00Z', ...record }),
  }));
  const feed = layerTar(files);
  async function* messages() {
    yield { part: { case: 'header' as const, value: { source: 'osv' } } };
    yield { part: { case: 'chunk' as const, value: feed } };
  }
  await Array.fromAsync(connection.client(AdvisoryService).importAdvisories(messages(), { token }));
}

import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';
import { openArchive } from '@gabion/oci/archive';
import type { CredentialSource } from '@gabion/oci/credentials';
import { dockerConfigCredentials } from '@gabion/oci/docker-config';
import type { ImageSource } from '@gabion/oci/image';
import { apiHost, parseReference } from '@gabion/oci/reference';
import { openRegistry } from '@gabion/oci/registry';
import type { Config } from './config.ts';
import type { Home } from './home.ts';
import type { LeasedScan } from './queue.ts';
import { ScanFailure } from './scan-errors.ts';
import type { Uploads } from './uploads.ts';

/** Opens what a scan names: an image of a registry, or an uploaded archive. */
export class ImageAccess {
  constructor(
    private readonly home: Home,
    private readonly uploads: Uploads,
    private readonly config: Pick<Config, 'dockerConfigFile' | 'allowPrivateRegistries' | 'proxy' | 'maxLayerBytes'>,
  ) {}

  async open(scan: LeasedScan, signal: AbortSignal): Promise<ImageSource> {
    if (scan.home !== null && scan.home !== this.home.id)
      throw new ScanFailure(
        'replica_gone',
        'its uploaded image or credentials are in the data directory of another one',
      );
    const limits = { maxLayerBytes: this.config.maxLayerBytes };
    if (scan.upload_id) return this.#openUpload(scan.upload_id, limits, signal);
    const reference = parseReference(scan.reference ?? '');
    await refuseForbidden(hostOf(apiHost(reference.registry)), this.config);
    const credentials = this.#credentialsFor(scan);
    return openRegistry(reference, {
      ...(credentials && { credentials }),
      ...(scan.plain_http && { plainHttp: true }),
      proxyEnv: this.config.proxy,
      limits,
    });
  }

  async #openUpload(id: string, limits: { maxLayerBytes: number }, signal: AbortSignal): Promise<ImageSource> {
    const upload = await this.uploads.get(id);
    if (!upload) throw new ScanFailure('upload_gone', id);
    try {
      return await openArchive(this.home.uploadPath(id), { temporaryDirectory: this.home.spool, limits, signal });
    } catch (error) {
      const isGone = error instanceof Error && (error as NodeJS.ErrnoException).code === 'ENOENT';
      throw isGone ? new ScanFailure('upload_gone', id, { cause: error }) : error;
    }
  }

  #credentialsFor(scan: LeasedScan): CredentialSource | undefined {
    if (scan.credentials) {
      const given = this.home.unseal(scan.credentials, scan.id);
      return async () => given;
    }
    return this.config.dockerConfigFile ? dockerConfigCredentials(this.config.dockerConfigFile) : undefined;
  }
}

/**
 * Where no registry is: link-local addresses, at which clouds answer with credentials of the machine, and addresses
 * that are nobody's.
 */
const never = new BlockList();
never.addSubnet('169.254.0.0', 16);
never.addSubnet('0.0.0.0', 8);
never.addSubnet('224.0.0.0', 4);
never.addAddress('100.100.100.200');
never.addAddress('192.0.0.192');
never.addSubnet('fe80::', 10, 'ipv6');
never.addSubnet('ff00::', 8, 'ipv6');
never.addAddress('fd00:ec2::254', 'ipv6');
never.addAddress('::', 'ipv6');

const privateAddresses = new BlockList();
privateAddresses.addSubnet('127.0.0.0', 8);
privateAddresses.addSubnet('10.0.0.0', 8);
privateAddresses.addSubnet('172.16.0.0', 12);
privateAddresses.addSubnet('192.168.0.0', 16);
privateAddresses.addSubnet('100.64.0.0', 10);
privateAddresses.addAddress('::1', 'ipv6');
privateAddresses.addSubnet('fc00::', 7, 'ipv6');

/** Throws for a host that is, or resolves to, an address which the service does not reach. */
export async function refuseForbidden(
  host: string,
  { allowPrivateRegistries, proxy }: Pick<Config, 'allowPrivateRegistries' | 'proxy'>,
): Promise<void> {
  // Behind a proxy names may be known to the proxy alone, which then decides what is reached.
  const mayBeUnknown = Object.keys(proxy).some((name) => !/^no_/i.test(name));
  for (const { address, family } of await addressesOf(host, mayBeUnknown)) {
    const kind = family === 6 ? 'ipv6' : 'ipv4';
    if (never.check(address, kind) || (!allowPrivateRegistries && privateAddresses.check(address, kind)))
      throw new ScanFailure('registry_address_refused', `${host} is at ${address}`);
  }
}

async function addressesOf(host: string, mayBeUnknown: boolean): Promise<{ address: string; family: number }[]> {
  const family = isIP(host);
  if (family) return [{ address: host, family }];
  try {
    return await lookup(host, { all: true });
  } catch (error) {
    if (mayBeUnknown) return [];
    throw new ScanFailure('registry_name_unresolved', host, { cause: error });
  }
}

/** The host without its port and the brackets of an IPv6 address. */
function hostOf(authority: string): string {
  return authority.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
}

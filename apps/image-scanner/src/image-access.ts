import { openArchive } from '@gabion/oci/archive';
import type { CredentialSource } from '@gabion/oci/credentials';
import { dockerConfigCredentials } from '@gabion/oci/docker-config';
import type { ImageSource } from '@gabion/oci/image';
import { parseReference } from '@gabion/oci/reference';
import { openRegistry } from '@gabion/oci/registry';
import type { Config } from './config.ts';
import type { Home } from './home.ts';
import type { LeasedScan } from './queue.ts';
import { registryAddresses } from './registry-addresses.ts';
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
    const credentials = this.#credentialsFor(scan);
    return openRegistry(reference, {
      ...(credentials && { credentials }),
      ...(scan.plain_http && { plainHttp: true }),
      proxyEnv: this.config.proxy,
      allowsAddress: registryAddresses(this.config.allowPrivateRegistries),
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

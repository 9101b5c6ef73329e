import { readFile } from 'node:fs/promises';
import { openArchive } from '@gabion/oci/archive';
import type { Digest } from '@gabion/oci/digest';
import type { ImageSource } from '@gabion/oci/image';
import { defaultLayerLimits } from '@gabion/oci/layer-stream';
import { parseReference } from '@gabion/oci/reference';
import { openRegistry } from '@gabion/oci/registry';
import { SbomError } from '@gabion/sbom/sbom-error';
import type { Config } from './config.ts';
import { fileSystemSource } from './file-system.ts';
import type { Home } from './home.ts';
import type { LeasedScan } from './queue.ts';
import type { RegistryAccess } from './registries/registry-access.ts';
import type { ScanCredentials } from './scan-credentials.ts';
import { ScanFailure } from './scan-errors.ts';
import type { Upload, Uploads } from './uploads.ts';

/** What the reader of SBOMs takes. */
const maxSbomBytes = 128 * 1024 ** 2;

/** Opens what a scan names: an image of a registry, or an upload. */
export class ImageAccess {
  constructor(
    private readonly home: Home,
    private readonly uploads: Uploads,
    private readonly credentials: ScanCredentials,
    private readonly registries: RegistryAccess,
    private readonly config: Pick<Config, 'maxLayerBytes'>,
  ) {}

  async open(scan: LeasedScan, signal: AbortSignal): Promise<ImageSource> {
    this.#checkHome(scan);
    const limits = { maxLayerBytes: this.config.maxLayerBytes };
    if (scan.upload_id) return this.#openUpload(scan.upload_id, limits, signal);
    const reference = parseReference(scan.reference ?? '');
    const given = scan.has_credentials && (await this.credentials.read(scan.id));
    const options = await this.registries.optionsFor(reference.registry, {
      ...(given && { credentials: given }),
      plainHttp: scan.plain_http,
    });
    return openRegistry(reference, { ...options, limits });
  }

  async #openUpload(id: string, limits: { maxLayerBytes: number }, signal: AbortSignal): Promise<ImageSource> {
    const upload = await this.#uploaded(id);
    const path = this.home.uploadPath(id);
    return thereStill(id, () =>
      upload.format === 'file-system'
        ? fileSystemSource({ ...upload, path }, { ...defaultLayerLimits, ...limits }, signal)
        : openArchive(path, { temporaryDirectory: this.home.spool, limits, signal }),
    );
  }

  /** An uploaded SBOM, whose digest stands for that of an image. */
  async sbom(scan: LeasedScan): Promise<{ digest: Digest; read: () => Promise<Uint8Array<ArrayBuffer>> }> {
    this.#checkHome(scan);
    const { id, digest, size } = await this.#uploaded(scan.upload_id ?? '');
    if (size > maxSbomBytes) throw new SbomError('sbom_too_large', `over ${maxSbomBytes} bytes`);
    // A copy in a buffer of its own: it is handed over to a thread.
    const read = async () => new Uint8Array(await thereStill(id, () => readFile(this.home.uploadPath(id))));
    return { digest, read };
  }

  async #uploaded(id: string): Promise<Upload> {
    const upload = await this.uploads.get(id);
    if (!upload) throw new ScanFailure('upload_gone', id);
    return upload;
  }

  #checkHome(scan: LeasedScan): void {
    if (scan.home !== null && scan.home !== this.home.id)
      throw new ScanFailure('replica_gone', 'its uploaded image is in the data directory of another one');
  }
}

async function thereStill<T>(id: string, open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    const isGone = error instanceof Error && (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw isGone ? new ScanFailure('upload_gone', id, { cause: error }) : error;
  }
}

import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { JsonObject, parseJson } from './bounded-json.ts';
import { partsOf } from './digest.ts';
import { type BlobStore, defaultImageLimits, type ImageLimits, type ImageSource, imageFrom } from './image.ts';
import { type Descriptor, parseManifest } from './manifest.ts';
import { OciError } from './oci-error.ts';
import { type Bytes, gathered, verified } from './verify.ts';

/** The files of a layout or archive by their path in it; undefined where there is none. */
export type FileReader = (path: string, signal?: AbortSignal) => Promise<{ size: number; open(): Bytes } | undefined>;

/** How a layout or archive is read. */
export interface LocalOptions {
  /** The image among several: its tag or reference name. */
  readonly reference?: string;
  readonly limits?: Partial<ImageLimits>;
}

/** Opens a directory in the form of an OCI image layout. */
export async function openLayout(directory: string, options: LocalOptions = {}): Promise<ImageSource> {
  const source = layoutSource(basename(directory), directoryReader(directory), options);
  await checkLayoutFile(directoryReader(directory));
  return source;
}

/** An image layout whose files are reached through `files`. */
export function layoutSource(name: string, files: FileReader, options: LocalOptions): ImageSource {
  const limits = { ...defaultImageLimits, ...options.limits };
  const store = storeOf(files);
  return {
    name,
    async image(platform, signal) {
      const file = await files('index.json', signal);
      if (!file) throw new OciError('archive_invalid', 'the layout has no index.json');
      const bytes = await gathered(file.open(), limits.maxManifestBytes, 'manifest_too_large');
      const index = parseManifest(bytes, 'application/vnd.oci.image.index.v1+json');
      if (index.kind !== 'index') throw new OciError('manifest_invalid', 'index.json is not an index');
      const chosen = pick(index.manifests, options.reference, platform === undefined);
      if (chosen.length === 1) {
        const [root] = chosen as [Descriptor];
        if (root.size > limits.maxManifestBytes) throw new OciError('manifest_too_large', 'the manifest is too large');
        const stream = verified(await store.manifest(root, signal), root);
        const manifest = await gathered(stream, limits.maxManifestBytes, 'manifest_too_large');
        return imageFrom(store, { ...root, bytes: manifest }, limits, platform, signal);
      }
      const several = Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: chosen.map(plain) }));
      const root = { digest: chosen[0]!.digest, bytes: several, mediaType: 'application/vnd.oci.image.index.v1+json' };
      return imageFrom(store, root, limits, platform, signal);
    },
    async [Symbol.asyncDispose]() {},
  };
}

/** Refuses what does not call itself a layout of version 1. */
export async function checkLayoutFile(files: FileReader): Promise<void> {
  const file = await files('oci-layout');
  if (!file) throw new OciError('archive_invalid', 'there is no oci-layout file');
  const json = new JsonObject(
    parseJson(await gathered(file.open(), 4096, 'archive_invalid'), 'oci-layout'),
    'oci-layout',
  );
  if (!json.text('imageLayoutVersion').startsWith('1.'))
    throw new OciError('archive_invalid', 'the layout is not of version 1');
}

/** Reads files below a directory; anything but a regular file is refused, so that a pipe or device cannot hold the reader. */
export function directoryReader(directory: string): FileReader {
  return async (path) => {
    const full = join(directory, path);
    const info = await stat(full).catch(absent);
    if (!info) return undefined;
    if (!info.isFile()) throw new OciError('archive_invalid', `${path} is not a regular file`);
    return { size: info.size, open: () => createReadStream(full, { highWaterMark: 256 * 1024 }) };
  };
}

function storeOf(files: FileReader): BlobStore {
  const read: BlobStore['blob'] = async ({ digest, size }, signal) => {
    const { algorithm, hex } = partsOf(digest);
    const file = await files(`blobs/${algorithm}/${hex}`, signal);
    if (!file) throw new OciError('blob_not_found', `${digest} is not in the layout`);
    if (file.size > size)
      throw new OciError('blob_size_mismatch', `${digest} has ${file.size} bytes in place of ${size}`);
    return file.open();
  };
  return { blob: read, manifest: read };
}

/** The entries meant by a reference name; without one all of them, which then must be one image's platforms. */
function pick(entries: readonly Descriptor[], reference: string | undefined, isPlatformOpen: boolean): Descriptor[] {
  const images = entries.filter((entry) => !entry.isAttachment);
  if (reference !== undefined) {
    const named = images.filter((entry) => entry.refName === reference || entry.refName?.endsWith(`:${reference}`));
    if (named.length === 0)
      throw new OciError('image_not_found', `no image is named ${JSON.stringify(reference.slice(0, 200))}`);
    return named;
  }
  if (images.length === 0) throw new OciError('image_not_found', 'the layout holds no image');
  const names = new Set(images.map((entry) => entry.refName));
  const digests = new Set(images.map((entry) => entry.digest));
  if (digests.size === 1) return [images[0]!];
  if (names.size > 1 || (isPlatformOpen && images.some((entry) => !entry.platform))) {
    const told = [...names].map((name) => name ?? 'unnamed').slice(0, 20);
    throw new OciError('reference_ambiguous', `the layout holds several images: ${told.join(', ')}`);
  }
  return images;
}

function plain({ mediaType, digest, size, platform }: Descriptor) {
  return { mediaType, digest, size, ...(platform ? { platform } : {}) };
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error;
  return undefined;
}

import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { type LayerEntry, layerTar } from './layer-tar.ts';

/** What an image for a test consists of. */
export interface ImageRecipe {
  /** Lowest first: members of a tar, or a whole uncompressed tar. */
  readonly layers: readonly (readonly LayerEntry[] | Buffer)[];
  readonly compression?: 'none' | 'gzip' | 'zstd';
  readonly os?: string;
  readonly architecture?: string;
  readonly variant?: string;
  /** The `config` object of the image configuration: Env, Entrypoint, Labels… */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Instruction of each layer; default `layer 1`, `layer 2`… */
  readonly createdBy?: readonly string[];
  /** Docker's schema 2 media types in place of OCI's. */
  readonly docker?: boolean;
}

/** A made image: every blob by its digest, and where to begin. */
export interface BuiltImage {
  readonly manifest: Descriptor;
  readonly config: Descriptor;
  readonly layers: readonly (Descriptor & { readonly diffId: string })[];
  readonly blobs: ReadonlyMap<string, Buffer>;
}

/** A descriptor of the OCI image specification. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly platform?: { readonly os: string; readonly architecture: string; readonly variant?: string };
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Makes an image in memory. */
export function buildImage(recipe: ImageRecipe): BuiltImage {
  const blobs = new Map<string, Buffer>();
  const store = (mediaType: string, bytes: Buffer): Descriptor => {
    const digest = sha256(bytes);
    blobs.set(digest, bytes);
    return { mediaType, digest, size: bytes.length };
  };
  const types = mediaTypes(recipe);
  const layers = recipe.layers.map((layer) => {
    const tar = Buffer.isBuffer(layer) ? layer : layerTar(layer as readonly LayerEntry[]);
    return { ...store(types.layer, compress(tar, recipe.compression ?? 'gzip')), diffId: sha256(tar) };
  });
  const os = recipe.os ?? 'linux';
  const architecture = recipe.architecture ?? 'amd64';
  const variant = recipe.variant === undefined ? {} : { variant: recipe.variant };
  const config = store(
    types.config,
    json({
      os,
      architecture,
      ...variant,
      config: recipe.config ?? {},
      rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.diffId) },
      history: layers.map((_, index) => ({ created_by: recipe.createdBy?.[index] ?? `layer ${index + 1}` })),
    }),
  );
  const manifestLayers = layers.map(({ mediaType, digest, size }) => ({ mediaType, digest, size }));
  const manifest = store(
    types.manifest,
    json({ schemaVersion: 2, mediaType: types.manifest, config, layers: manifestLayers }),
  );
  return { manifest: { ...manifest, platform: { os, architecture, ...variant } }, config, layers, blobs };
}

/** Makes an index of several images, for example one for each platform; the result stands for it as one image does. */
export function buildIndex(images: readonly BuiltImage[]): {
  readonly manifest: Descriptor;
  readonly blobs: ReadonlyMap<string, Buffer>;
} {
  const mediaType = 'application/vnd.oci.image.index.v1+json';
  const bytes = json({ schemaVersion: 2, mediaType, manifests: images.map((image) => image.manifest) });
  const digest = sha256(bytes);
  const blobs = new Map([...images.flatMap((image) => [...image.blobs]), [digest, bytes] as const]);
  return { manifest: { mediaType, digest, size: bytes.length }, blobs };
}

/** Writes an OCI image layout into `directory`; `tag` becomes the reference name of the image. */
export async function ociLayout(
  directory: string,
  recipe: ImageRecipe | BuiltImage,
  tag?: string,
): Promise<BuiltImage> {
  const image = 'blobs' in recipe ? recipe : buildImage(recipe);
  for (const [path, bytes] of layoutFiles(image, tag)) {
    await mkdir(join(directory, path, '..'), { recursive: true });
    await writeFile(join(directory, path), bytes);
  }
  return image;
}

/** A tar of an OCI image layout. */
export function ociArchive(image: BuiltImage, tag?: string): Buffer {
  return layerTar([...layoutFiles(image, tag)].map(([path, content]) => ({ path, content })));
}

/** What `docker save` writes: `classic` as Docker before 25 did, `blobs` as it does since (and an OCI layout beside). */
export function dockerArchive(image: BuiltImage, tags: readonly string[], form: 'classic' | 'blobs'): Buffer {
  if (form === 'blobs') {
    const layers = image.layers.map((layer) => blobPath(layer.digest));
    const manifest = json([{ Config: blobPath(image.config.digest), RepoTags: tags, Layers: layers }]);
    const files = [...layoutFiles(image, tags[0]), ['manifest.json', manifest] as const];
    return layerTar(files.map(([path, content]) => ({ path, content })));
  }
  const layers = image.layers.map((layer) => ({
    path: `${layer.diffId.slice('sha256:'.length)}/layer.tar`,
    content: image.blobs.get(layer.digest)!,
  }));
  const config = `${image.config.digest.slice('sha256:'.length)}.json`;
  const manifest = json([{ Config: config, RepoTags: tags, Layers: layers.map((layer) => layer.path) }]);
  return layerTar([
    ...layers,
    { path: config, content: image.blobs.get(image.config.digest)! },
    { path: 'manifest.json', content: manifest },
  ]);
}

/** Pushes an image, or an index of images, to a plain HTTP registry through the distribution API. */
export async function pushImage(
  host: string,
  name: string,
  tag: string,
  image: Pick<BuiltImage, 'manifest' | 'blobs'>,
  auth?: { readonly username: string; readonly password: string },
): Promise<void> {
  const headers: Record<string, string> = auth
    ? { authorization: `Basic ${Buffer.from(`${auth.username}:${auth.password}`).toString('base64')}` }
    : {};
  const base = `http://${host}/v2/${name}`;
  const manifests: [digest: string, bytes: Buffer, mediaType: string][] = [];
  for (const [digest, bytes] of image.blobs) {
    const mediaType = manifestType(bytes);
    if (mediaType) manifests.push([digest, bytes, mediaType]);
    else await pushBlob(base, digest, bytes, headers);
  }
  // An index goes last: registries refuse one whose manifests they do not have.
  manifests.sort(([a], [b]) => Number(a === image.manifest.digest) - Number(b === image.manifest.digest));
  for (const [digest, bytes, mediaType] of manifests) {
    const reference = digest === image.manifest.digest ? tag : digest;
    const url = `${base}/manifests/${reference}`;
    await accepted(
      await fetch(url, {
        method: 'PUT',
        body: new Uint8Array(bytes),
        headers: { ...headers, 'content-type': mediaType },
      }),
    );
  }
}

/** The digest of bytes as the specification writes it. */
export function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

async function pushBlob(base: string, digest: string, bytes: Buffer, headers: Record<string, string>): Promise<void> {
  const started = await accepted(await fetch(`${base}/blobs/uploads/`, { method: 'POST', headers }));
  const location = new URL(started.headers.get('location')!, base);
  location.searchParams.set('digest', digest);
  const body = new Uint8Array(bytes);
  await accepted(
    await fetch(location, { method: 'PUT', body, headers: { ...headers, 'content-type': 'application/octet-stream' } }),
  );
}

async function accepted(response: Response): Promise<Response> {
  if (!response.ok) throw new Error(`the registry answered ${response.status}: ${await response.text()}`);
  await response.arrayBuffer();
  return response;
}

function manifestType(bytes: Buffer): string | undefined {
  if (bytes[0] !== 0x7b) return undefined;
  const { schemaVersion, mediaType } = JSON.parse(bytes.toString()) as { schemaVersion?: number; mediaType?: string };
  return schemaVersion === 2 ? mediaType : undefined;
}

function* layoutFiles(
  image: Pick<BuiltImage, 'manifest' | 'blobs'>,
  tag?: string,
): Generator<readonly [path: string, bytes: Buffer]> {
  yield ['oci-layout', json({ imageLayoutVersion: '1.0.0' })];
  const annotations = tag === undefined ? {} : { annotations: { 'org.opencontainers.image.ref.name': tag } };
  yield ['index.json', json({ schemaVersion: 2, manifests: [{ ...image.manifest, ...annotations }] })];
  for (const [digest, bytes] of image.blobs) yield [blobPath(digest), bytes];
}

function blobPath(digest: string): string {
  return `blobs/${digest.replace(':', '/')}`;
}

function mediaTypes(recipe: ImageRecipe) {
  const suffix = { none: '', gzip: '+gzip', zstd: '+zstd' }[recipe.compression ?? 'gzip'];
  return recipe.docker
    ? {
        manifest: 'application/vnd.docker.distribution.manifest.v2+json',
        config: 'application/vnd.docker.container.image.v1+json',
        layer: `application/vnd.docker.image.rootfs.diff.tar${suffix.replace('+', '.')}`,
      }
    : {
        manifest: 'application/vnd.oci.image.manifest.v1+json',
        config: 'application/vnd.oci.image.config.v1+json',
        layer: `application/vnd.oci.image.layer.v1.tar${suffix}`,
      };
}

function compress(tar: Buffer, compression: 'none' | 'gzip' | 'zstd'): Buffer {
  if (compression === 'gzip') return gzipSync(tar);
  return compression === 'zstd' ? zstdCompressSync(tar) : tar;
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

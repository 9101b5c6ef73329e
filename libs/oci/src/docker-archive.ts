import { createHash } from 'node:crypto';
import { asText, JsonObject, parseJson } from './bounded-json.ts';
import { type Digest, isDigest } from './digest.ts';
import {
  checkPlatform,
  defaultImageLimits,
  type Image,
  type ImageSource,
  type Layer,
  platformIn,
  readable,
} from './image.ts';
import { instructions, parseImageConfig } from './image-config.ts';
import { unpackedLayer } from './layer-stream.ts';
import type { FileReader, LocalOptions } from './layout.ts';
import { OciError } from './oci-error.ts';
import { formatReference, parseReference } from './reference.ts';
import { gathered, reported } from './verify.ts';

interface SavedImage {
  readonly config: string;
  readonly tags: readonly string[];
  readonly layers: readonly string[];
}

/** What `docker save` wrote, both the classic form (`<id>/layer.tar`) and the one with `blobs/sha256`. */
export function dockerArchiveSource(name: string, files: FileReader, options: LocalOptions): ImageSource {
  const limits = { ...defaultImageLimits, ...options.limits };
  return {
    name,
    async image(platform, signal): Promise<Image> {
      const saved = pick(
        savedImages(await document(files, 'manifest.json', limits.maxManifestBytes, signal)),
        options.reference,
      );
      const configBytes = await document(files, saved.config, limits.maxConfigBytes, signal);
      const configDigest: Digest = `sha256:${createHash('sha256').update(configBytes).digest('hex')}`;
      const named = digestIn(saved.config);
      if (named && named !== configDigest)
        throw new OciError('blob_digest_mismatch', `the configuration is not that of ${named}`);
      const config = parseImageConfig(configBytes);
      checkPlatform(config, platform);
      if (saved.layers.length !== config.diffIds.length) {
        throw new OciError(
          'manifest_invalid',
          `${saved.layers.length} layers, but ${config.diffIds.length} DiffIDs in the configuration`,
        );
      }
      const createdBy = instructions(config);
      const layers = await Promise.all(
        saved.layers.map(async (path, index): Promise<Layer> => {
          const { size } = await fileAt(files, path, signal);
          const digest = path.startsWith('blobs/') ? digestIn(path) : undefined;
          const mediaType = 'application/vnd.docker.image.rootfs.diff.tar';
          return {
            ...(digest ? { digest } : {}),
            diffId: config.diffIds[index]!,
            mediaType,
            size,
            createdBy: createdBy[index]!,
          };
        }),
      );
      const openStored: Image['openStored'] = async (layer, opening) => {
        const path = saved.layers[layers.indexOf(layer)];
        if (path === undefined) throw new OciError('blob_not_found', 'the layer is not of this image');
        return reported((await fileAt(files, path, opening?.signal)).open(), opening?.onBytes);
      };
      const openLayer: Image['openLayer'] = async (layer, opening) =>
        readable(unpackedLayer(await openStored(layer, opening), layer, limits), opening?.signal);
      return { manifestDigest: configDigest, platform: platformIn(config), config, layers, openLayer, openStored };
    },
    async [Symbol.asyncDispose]() {},
  };
}

function savedImages(bytes: Buffer): SavedImage[] {
  const wrapped = new JsonObject({ images: parseJson(bytes, 'manifest.json') }, 'manifest.json');
  return wrapped.list('images', 10_000, (element, what) => {
    const json = new JsonObject(element, what);
    return {
      config: json.text('Config'),
      tags: json.list('RepoTags', 10_000, asText),
      layers: json.list('Layers', 1024, asText),
    };
  });
}

function pick(images: readonly SavedImage[], reference: string | undefined): SavedImage {
  const matching =
    reference === undefined ? images : images.filter((image) => image.tags.some((tag) => isSame(tag, reference)));
  const [only, ...more] = matching;
  if (!only) throw new OciError('image_not_found', 'the archive holds no such image');
  if (more.some((image) => image.config !== only.config)) {
    const told = images.map((image) => image.tags[0] ?? 'unnamed').slice(0, 20);
    throw new OciError('reference_ambiguous', `the archive holds several images: ${told.join(', ')}`);
  }
  return only;
}

function isSame(tag: string, reference: string): boolean {
  if (tag === reference) return true;
  try {
    return formatReference(parseReference(tag)) === formatReference(parseReference(reference));
  } catch (error) {
    if (error instanceof OciError) return false;
    throw error;
  }
}

/** The digest that a path of `docker save` names: `<hex>.json` or `blobs/sha256/<hex>`. */
function digestIn(path: string): Digest | undefined {
  const hex = /^(?:blobs\/sha256\/)?([0-9a-f]{64})(?:\.json)?$/.exec(path)?.[1];
  const digest = `sha256:${hex}`;
  return isDigest(digest) ? digest : undefined;
}

async function document(files: FileReader, path: string, most: number, signal?: AbortSignal): Promise<Buffer> {
  return gathered((await fileAt(files, path, signal)).open(), most, 'manifest_too_large');
}

async function fileAt(files: FileReader, path: string, signal?: AbortSignal) {
  const file = await files(path, signal);
  if (!file) throw new OciError('archive_invalid', `the archive has no ${JSON.stringify(path.slice(0, 200))}`);
  return file;
}

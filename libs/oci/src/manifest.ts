import { JsonObject, parseJson } from './bounded-json.ts';
import { type Digest, isDigest } from './digest.ts';
import { OciError } from './oci-error.ts';
import type { Platform } from './platform.ts';

/** A pointer to content: what it is, its digest and its size in bytes. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly platform?: Platform;
  /** `org.opencontainers.image.ref.name` in a layout's index. */
  readonly refName?: string;
  /** Set on what is not an image to run, for example BuildKit's attestations. */
  readonly isAttachment: boolean;
}

/** An image manifest or an index of manifests, of OCI or of Docker's schema 2. */
export type Manifest =
  | { readonly kind: 'image'; readonly config: Descriptor; readonly layers: readonly Descriptor[] }
  | { readonly kind: 'index'; readonly manifests: readonly Descriptor[] };

export const imageManifestTypes = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
] as const;

export const indexTypes = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
] as const;

const configTypes = ['application/vnd.oci.image.config.v1+json', 'application/vnd.docker.container.image.v1+json'];

/** Layers whose bytes are a tar, plain or compressed; which of these is seen from the bytes, as containerd does. */
const layerType =
  /^application\/vnd\.(oci\.image\.layer\.(nondistributable\.)?v1\.tar(\+gzip|\+zstd)?|docker\.image\.rootfs(\.foreign)?\.diff\.tar(\.gzip|\.zstd)?)$/;

/** Docker itself refuses images of over 127 layers. */
const maxLayers = 1024;
const maxManifests = 4096;

/** Reads a manifest; `declaredType` is what the registry or the descriptor calls it, if it says. */
export function parseManifest(bytes: Uint8Array, declaredType?: string): Manifest {
  const json = new JsonObject(parseJson(bytes, 'the manifest'), 'manifest');
  const ownType = json.optionalText('mediaType');
  const mediaType = ownType ?? declaredType?.split(';')[0]?.trim();
  if (isSchema1(mediaType, json)) throw new OciError('schema1_unsupported', 'the manifest is of Docker schema 1');
  if (mediaType !== undefined && isOneOf(indexTypes, mediaType)) return index(json);
  if (mediaType !== undefined && isOneOf(imageManifestTypes, mediaType)) return image(json);
  // A layout's index.json and some old registries leave the type out.
  if (mediaType === undefined || mediaType === 'application/json' || mediaType === 'application/octet-stream') {
    if (json.raw('manifests') !== undefined) return index(json);
    if (json.raw('config') !== undefined) return image(json);
  }
  throw new OciError('media_type_unknown', `the manifest is of type ${JSON.stringify(mediaType?.slice(0, 200))}`);
}

function image(json: JsonObject): Manifest {
  checkVersion(json);
  // One document that could be read as either kind is an attack on whoever reads it as the other (CVE-2021-41190).
  if (json.raw('manifests') !== undefined) throw new OciError('manifest_invalid', 'the manifest is also an index');
  const config = descriptor(json.object('config'));
  const layers = json.list('layers', maxLayers, (element, what) => descriptor(new JsonObject(element, what)));
  if (!configTypes.includes(config.mediaType)) {
    throw new OciError(
      'media_type_unknown',
      `the configuration is of type ${JSON.stringify(config.mediaType.slice(0, 200))}: not an image`,
    );
  }
  const unknown = layers.find((layer) => !layerType.test(layer.mediaType));
  if (unknown)
    throw new OciError('media_type_unknown', `a layer is of type ${JSON.stringify(unknown.mediaType.slice(0, 200))}`);
  return { kind: 'image', config, layers };
}

function index(json: JsonObject): Manifest {
  checkVersion(json);
  if (json.raw('config') !== undefined || json.raw('layers') !== undefined) {
    throw new OciError('manifest_invalid', 'the index is also an image manifest');
  }
  const manifests = json.list('manifests', maxManifests, (element, what) => descriptor(new JsonObject(element, what)));
  return { kind: 'index', manifests };
}

function descriptor(json: JsonObject): Descriptor {
  const digest = json.text('digest');
  if (!isDigest(digest)) throw new OciError('manifest_invalid', 'a descriptor has no sha256 or sha512 digest');
  const annotations = new Map(json.entries('annotations'));
  const refName = annotations.get('org.opencontainers.image.ref.name');
  const platform = json.optionalObject('platform');
  return {
    mediaType: json.text('mediaType'),
    digest,
    size: json.count('size'),
    ...(platform ? { platform: platformOf(platform) } : {}),
    ...(typeof refName === 'string' ? { refName } : {}),
    isAttachment:
      annotations.has('vnd.docker.reference.type') ||
      !configTypes.includes(json.optionalText('artifactType') ?? configTypes[0]!),
  };
}

/** The platform fields that an index entry and an image configuration share. */
export function platformOf(json: JsonObject): Platform {
  const variant = json.optionalText('variant');
  const platform = { os: json.text('os'), architecture: json.text('architecture') };
  return variant === undefined || variant === '' ? platform : { ...platform, variant };
}

function checkVersion(json: JsonObject): void {
  if (json.raw('schemaVersion') !== 2) throw new OciError('manifest_invalid', 'schemaVersion is not 2');
}

function isSchema1(mediaType: string | undefined, json: JsonObject): boolean {
  return (
    /^application\/vnd\.docker\.distribution\.manifest\.v1\+/.test(mediaType ?? '') || json.raw('schemaVersion') === 1
  );
}

function isOneOf(types: readonly string[], type: string): boolean {
  return types.includes(type);
}

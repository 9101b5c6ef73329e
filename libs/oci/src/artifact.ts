import { JsonObject, parseJson } from './bounded-json.ts';
import { type Digest, isDigest } from './digest.ts';
import { defaultImageLimits } from './image.ts';
import { OciError } from './oci-error.ts';
import type { Reference } from './reference.ts';
import { type RegistryOptions, Repository } from './registry.ts';
import { type Bytes, verified } from './verify.ts';

/** Content of a registry that is no image: named blobs under one manifest (image-spec, "Guidelines for Artifact Usage"). */
export interface Artifact {
  /** Of the manifest: as long as it is the same, so is the content. */
  readonly digest: Digest;
  /** `artifactType`, or the media type of the configuration where there is none. */
  readonly type: string;
  readonly blobs: readonly ArtifactBlob[];
  /** The bytes of a blob as they are stored; digest and size are verified, and a lie is told at the end at the latest. */
  open(blob: ArtifactBlob, signal?: AbortSignal): Promise<Bytes>;
}

export interface ArtifactBlob {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  /** File name that whoever pushed it gave (`org.opencontainers.image.title`); not to be trusted as a path. */
  readonly title: string;
}

/** Where an artifact comes from. Dispose to close its connections. */
export interface ArtifactSource extends Disposable {
  artifact(signal?: AbortSignal): Promise<Artifact>;
}

const maxBlobs = 256;
const manifestType = 'application/vnd.oci.image.manifest.v1+json';

/** Opens an artifact of a registry; nothing is asked for before `artifact` is called. */
export function openArtifact(reference: Reference, options: RegistryOptions = {}): ArtifactSource {
  const repository = new Repository(reference, options);
  return {
    async artifact(signal) {
      const root = await repository.root(defaultImageLimits.maxManifestBytes, signal);
      const manifest = parseArtifact(root.bytes, root.mediaType);
      return {
        digest: root.digest,
        ...manifest,
        open: async (blob, within) => verified(await repository.blob(blob, within), blob),
      };
    },
    [Symbol.dispose]: () => repository[Symbol.dispose](),
  };
}

function parseArtifact(bytes: Uint8Array, declaredType?: string): Pick<Artifact, 'type' | 'blobs'> {
  const json = new JsonObject(parseJson(bytes, 'the manifest'), 'manifest');
  const mediaType = json.optionalText('mediaType') ?? declaredType?.split(';')[0]?.trim();
  if (mediaType !== undefined && mediaType !== manifestType)
    throw new OciError('media_type_unknown', `the manifest is of type ${JSON.stringify(mediaType.slice(0, 200))}`);
  if (json.raw('schemaVersion') !== 2) throw new OciError('manifest_invalid', 'schemaVersion is not 2');
  if (json.raw('manifests') !== undefined) throw new OciError('manifest_invalid', 'the manifest is also an index');
  return {
    type: json.optionalText('artifactType') ?? json.object('config').text('mediaType'),
    blobs: json.list('layers', maxBlobs, (element, what) => blob(new JsonObject(element, what))),
  };
}

function blob(json: JsonObject): ArtifactBlob {
  const digest = json.text('digest');
  if (!isDigest(digest)) throw new OciError('manifest_invalid', 'a descriptor has no sha256 or sha512 digest');
  const title = new Map(json.entries('annotations')).get('org.opencontainers.image.title');
  return {
    mediaType: json.text('mediaType'),
    digest,
    size: json.count('size'),
    title: typeof title === 'string' ? title : '',
  };
}

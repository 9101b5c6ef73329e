import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** A blob that is made each time it is asked for, always with the same bytes. */
export interface MadeBlob {
  readonly digest: string;
  readonly size: number;
  make(): Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

/** A registry that keeps nothing on disk, so that images larger than the memory can be served. */
export interface MadeRegistry extends AsyncDisposable {
  readonly host: string;
  addBlob(blob: MadeBlob): void;
  /** Answers the reference of the image. */
  addManifest(name: string, manifest: Buffer, mediaType: string): string;
}

export async function startRegistry(): Promise<MadeRegistry> {
  const blobs = new Map<string, MadeBlob>();
  const manifests = new Map<string, { bytes: Buffer; mediaType: string }>();
  const server = createServer((request, response) => {
    const [, kind, id] = /\/(manifests|blobs)\/([^/]+)$/.exec(request.url ?? '') ?? [];
    if (!kind) return response.end();
    const name = request.url!.slice('/v2/'.length, request.url!.lastIndexOf(`/${kind}/`));
    const manifest = manifests.get(id!) ?? manifests.get(name);
    const blob = blobs.get(id!);
    if (kind === 'manifests' && manifest)
      return response.setHeader('content-type', manifest.mediaType).end(manifest.bytes);
    if (kind !== 'blobs' || !blob) return response.writeHead(404).end();
    response.setHeader('content-length', blob.size);
    // Whoever asks may go away in the middle.
    pipeline(Readable.from(blob.make(), { objectMode: false }), response).catch(() => {});
    return undefined;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    host,
    addBlob: (blob) => blobs.set(blob.digest, blob),
    addManifest(name, bytes, mediaType) {
      manifests.set(digestOf(bytes), { bytes, mediaType });
      manifests.set(name, { bytes, mediaType });
      return `${host}/${name}:v1`;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** A blob of bytes that are at hand. */
export function blobOf(bytes: Buffer): MadeBlob {
  return { digest: digestOf(bytes), size: bytes.length, make: () => [bytes] };
}

export function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { constants, gunzipSync } from 'node:zlib';
import { ImageFormat } from '@gabion/contracts/gabion/scan/v1/scans_pb';
import { Complaint } from './complaint.ts';

/** What is to be scanned: an image in a registry, or one in files here. */
export type ScanTarget =
  | { readonly kind: 'registry'; readonly reference: string }
  | {
      readonly kind: 'files';
      readonly path: string;
      readonly isDirectory: boolean;
      readonly format: ImageFormat;
      readonly bytes: number;
    };

/** What a person can say that a path is. */
export type TargetWord = 'image' | 'fs' | 'sbom';

/** Tells a path from a reference: what exists here is a path, and what is written like one must. */
export async function scanTarget(text: string, as?: TargetWord): Promise<ScanTarget> {
  const found = await stat(text).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR' || error.code === 'ENAMETOOLONG') return undefined;
    throw new Complaint(`${text} cannot be read: ${error.message}`, { code: 'path_unreadable' });
  });
  if (!found && (as === 'fs' || as === 'sbom'))
    throw new Complaint(`${text} does not exist`, { code: 'path_not_found', hint: 'Give the path of a file here.' });
  if (!found) return asReference(text);
  if (found.isDirectory()) return directoryAt(text, as);
  if (!found.isFile()) throw new Complaint(`${text} is neither a file nor a directory`, { code: 'path_unreadable' });
  return { kind: 'files', path: text, isDirectory: false, format: await formatOf(text, as), bytes: found.size };
}

function asReference(text: string): ScanTarget {
  const isPathLike = /^(\.{0,2}\/|~)/.test(text) || /\.(tar|tgz|tar\.gz)$/.test(text);
  if (isPathLike)
    throw new Complaint(`${text} does not exist`, {
      code: 'path_not_found',
      hint: 'Give the path of an image, or a reference such as registry.example/app:1.0.',
    });
  return { kind: 'registry', reference: text };
}

/** A directory with an OCI layout is an image; any other is what it holds. */
async function directoryAt(path: string, as: TargetWord | undefined): Promise<ScanTarget> {
  if (as === 'sbom') throw new Complaint(`${path} is a directory and no SBOM`, { code: 'path_unreadable' });
  const index = await stat(join(path, 'index.json')).catch(() => undefined);
  const marker = await stat(join(path, 'oci-layout')).catch(() => undefined);
  const isLayout = index !== undefined && (marker !== undefined || as === 'image');
  if (as === 'image' && !isLayout)
    throw new Complaint(`${path} is no OCI image layout: it has no index.json`, {
      code: 'layout_invalid',
      hint: 'Give the directory that `skopeo copy … oci:DIR` or `docker buildx build -o type=oci,tar=false,dest=DIR` wrote.',
    });
  const format = isLayout && as !== 'fs' ? ImageFormat.OCI_ARCHIVE : ImageFormat.FILE_SYSTEM;
  return { kind: 'files', path, isDirectory: true, format, bytes: 0 };
}

const headBytes = 1024 * 1024;

/**
 * Whether a tar is of an OCI layout or of `docker save`, from the names of its first members. Docker since 25 writes
 * both forms into one tar; it is read as a layout unless `manifest.json` is all there is.
 */
async function formatOf(path: string, as: TargetWord | undefined): Promise<ImageFormat> {
  if (as === 'sbom') return ImageFormat.SBOM;
  if (as === 'fs') return ImageFormat.FILE_SYSTEM;
  await using file = await open(path);
  const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(headBytes), position: 0 });
  const head = plain(buffer.subarray(0, bytesRead));
  const names = new Set(memberNames(head));
  if (names.has('oci-layout') || names.has('index.json')) return ImageFormat.OCI_ARCHIVE;
  if (as !== 'image' && isSbom(head)) return ImageFormat.SBOM;
  if (!isTar(head))
    throw new Complaint(`${path} is neither an image, as \`docker save\` or an OCI layout in a tar, nor an SBOM`, {
      code: 'archive_invalid',
    });
  // The last member of what `docker save` writes is its manifest: its first ones are layers, or folders of them.
  const isSaved = as === 'image' || [...names].some((name) => savedNames.test(name));
  return isSaved || names.size === 0 ? ImageFormat.DOCKER_ARCHIVE : ImageFormat.FILE_SYSTEM;
}

/** Members of a tar of `docker save`: manifest.json, 64 hexadecimal digits of a layer or a configuration, blobs. */
const savedNames = /^(manifest\.json|repositories|[0-9a-f]{64}(\.json|\.tar|\/.*)?|blobs\/.*)$/;

/** As far as the first bytes tell: CycloneDX, SPDX, or either in an attestation. */
function isSbom(head: Buffer): boolean {
  const start = head.toString('utf8', 0, 64 * 1024).trimStart();
  if (start.startsWith('<')) return /cyclonedx\.org/.test(start);
  if (start.startsWith('{')) return /"(bomFormat|spdxVersion|payloadType|predicateType|@context)"/.test(start);
  return /^SPDXVersion:/m.test(start);
}

function plain(head: Buffer): Buffer {
  if (head[0] !== 0x1f || head[1] !== 0x8b) return head;
  try {
    // The head ends in the middle of the stream: take what can be read of it, and no more than a head.
    return gunzipSync(head, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: 64 * headBytes });
  } catch {
    return head;
  }
}

function isTar(head: Buffer): boolean {
  return head.toString('latin1', 257, 262) === 'ustar' || /^[^\0]+\0/.test(head.toString('latin1', 0, 100));
}

/** Names of the members whose headers lie within `head`. */
function* memberNames(head: Buffer): Generator<string> {
  for (let at = 0; at + 512 <= head.length; ) {
    const name = head.toString('utf8', at, at + 100).replace(/\0.*$/s, '');
    const size = Number.parseInt(head.toString('latin1', at + 124, at + 136), 8);
    if (!name || !Number.isInteger(size)) return;
    yield name.replace(/^\.\//, '');
    at += 512 + Math.ceil(size / 512) * 512;
  }
}

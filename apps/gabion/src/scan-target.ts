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

/** Tells a path from a reference: what exists here is a path, and what is written like one must. */
export async function scanTarget(text: string): Promise<ScanTarget> {
  const found = await stat(text).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR' || error.code === 'ENAMETOOLONG') return undefined;
    throw new Complaint(`${text} cannot be read: ${error.message}`, { code: 'path_unreadable' });
  });
  if (!found) return asReference(text);
  if (found.isDirectory()) return layoutAt(text);
  if (!found.isFile()) throw new Complaint(`${text} is neither a file nor a directory`, { code: 'path_unreadable' });
  return { kind: 'files', path: text, isDirectory: false, format: await formatOf(text), bytes: found.size };
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

async function layoutAt(path: string): Promise<ScanTarget> {
  const index = await stat(join(path, 'index.json')).catch(() => undefined);
  if (!index)
    throw new Complaint(`${path} is no OCI image layout: it has no index.json`, {
      code: 'layout_invalid',
      hint: 'Give the directory that `skopeo copy … oci:DIR` or `docker buildx build -o type=oci,tar=false,dest=DIR` wrote.',
    });
  return { kind: 'files', path, isDirectory: true, format: ImageFormat.OCI_ARCHIVE, bytes: 0 };
}

const headBytes = 1024 * 1024;

/**
 * Whether a tar is of an OCI layout or of `docker save`, from the names of its first members. Docker since 25 writes
 * both forms into one tar; it is read as a layout unless `manifest.json` is all there is.
 */
async function formatOf(path: string): Promise<ImageFormat> {
  await using file = await open(path);
  const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(headBytes), position: 0 });
  const head = plain(buffer.subarray(0, bytesRead));
  const names = new Set(memberNames(head));
  if (names.has('oci-layout') || names.has('index.json')) return ImageFormat.OCI_ARCHIVE;
  if (isTar(head)) return ImageFormat.DOCKER_ARCHIVE;
  throw new Complaint(`${path} is neither a tar of \`docker save\` nor one of an OCI layout`, {
    code: 'archive_invalid',
  });
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

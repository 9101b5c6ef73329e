import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { dockerArchiveSource } from './docker-archive.ts';
import type { ImageSource } from './image.ts';
import { uncompressed } from './layer-stream.ts';
import { checkLayoutFile, type LocalOptions, layoutSource } from './layout.ts';
import { OciError } from './oci-error.ts';
import { indexTar } from './tar-index.ts';
import type { Bytes } from './verify.ts';

/** How an archive is read. */
export interface ArchiveOptions extends LocalOptions {
  /** Where a compressed archive is unpacked to a single file, which goes when the source is disposed. */
  readonly temporaryDirectory?: string;
  readonly maxArchiveBytes?: number;
  readonly signal?: AbortSignal;
}

/** Opens a tar (plain, gzip or zstd) of an OCI image layout or of `docker save`. */
export async function openArchive(path: string, options: ArchiveOptions = {}): Promise<ImageSource> {
  const plain = (await isCompressed(path)) ? await spool(path, options) : { path, remove: async () => {} };
  try {
    const index = await indexTar(plain.path, options.signal);
    const dispose = async () => {
      await index[Symbol.asyncDispose]();
      await plain.remove();
    };
    try {
      return { ...(await sourceOf(basename(path), index, options)), [Symbol.asyncDispose]: dispose };
    } catch (error) {
      await index[Symbol.asyncDispose]();
      throw error;
    }
  } catch (error) {
    await plain.remove();
    throw error;
  }
}

async function sourceOf(
  name: string,
  index: Awaited<ReturnType<typeof indexTar>>,
  options: ArchiveOptions,
): Promise<ImageSource> {
  // `docker save` since 25 writes both forms; only the layout has the image's true digest.
  if (index.has('oci-layout') && index.has('index.json')) {
    await checkLayoutFile(index.read);
    const isNamed = options.reference !== undefined && index.has('manifest.json');
    return isNamed ? dockerArchiveSource(name, index.read, options) : layoutSource(name, index.read, options);
  }
  if (index.has('manifest.json')) return dockerArchiveSource(name, index.read, options);
  throw new OciError('archive_invalid', 'the archive is neither an OCI layout nor from docker save');
}

async function isCompressed(path: string): Promise<boolean> {
  await using file = await open(path);
  const head = Buffer.alloc(4);
  await file.read(head, 0, 4, 0);
  return (head[0] === 0x1f && head[1] === 0x8b) || head.readUInt32LE(0) === 0xfd2fb528;
}

async function spool(path: string, options: ArchiveOptions) {
  const most = options.maxArchiveBytes ?? 32 * 1024 ** 3;
  const target = join(options.temporaryDirectory ?? tmpdir(), `gabion-archive-${randomUUID()}.tar`);
  const remove = () => rm(target, { force: true });
  const bytes = uncompressed(createReadStream(path, { highWaterMark: 256 * 1024 }));
  try {
    const file = createWriteStream(target, { flags: 'wx', mode: 0o600 });
    await pipeline(bounded(bytes, most), file, options.signal ? { signal: options.signal } : {});
  } catch (error) {
    await remove();
    if (error instanceof OciError && error.code === 'layer_corrupt') {
      throw new OciError('archive_invalid', 'the compressed archive cannot be unpacked', { cause: error });
    }
    throw error;
  }
  return { path: target, remove };
}

async function* bounded(bytes: Bytes, most: number): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const chunk of bytes) {
    size += chunk.length;
    if (size > most) throw new OciError('archive_too_large', `the archive unpacks to over ${most} bytes`);
    yield chunk;
  }
}

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createZstdDecompress } from 'node:zlib';
import { type FeedFile, walkTar } from '@gabion/advisories/walk';
import { Fault } from '@gabion/rpc/fault';
import { z } from 'zod';

/**
 * What the sources of an installation hold, as one file that another one imports: a tar in zstd. `bundle.json` comes
 * first and says that it is one; files of at most some MB with a JSON value a line follow; `manifest.json` comes last,
 * with the SHA-256 of every file before it, so that a bundle is written in one go and what is cut short is none.
 */
export const bundleSchema = 1;
export const markName = 'bundle.json';
export const manifestName = 'manifest.json';

const sourceName = z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/);
const text = z.string().max(200);

const manifestForm = z.strictObject({
  schema: z.literal(bundleSchema),
  createTime: text,
  sources: z
    .array(
      z.strictObject({
        source: sourceName,
        format: text,
        ecosystems: z.array(text).max(10_000),
        advisoryCount: z.number().int().min(0),
        factCount: z.number().int().min(0),
        importTime: text,
        latestChangeTime: text.nullable(),
      }),
    )
    .max(1000),
  files: z
    .array(z.strictObject({ path: text, size: z.number().int().min(0), sha256: z.string().regex(/^[0-9a-f]{64}$/) }))
    .max(1_000_000),
});

export type BundleManifest = z.infer<typeof manifestForm>;

/** What the files of a source hold. */
export type BundlePart = 'entries' | 'facts' | 'lifecycles';

export function partPath(source: string, part: BundlePart, index: number): string {
  return `sources/${source}/${part}-${String(index).padStart(6, '0')}.ndjson`;
}

/** The source and part that a path names; undefined for the two files that belong to none. */
export function partOf(path: string): { source: string; part: BundlePart } | undefined {
  const [, source, part] = /^sources\/([a-z0-9-]{1,63})\/(entries|facts|lifecycles)-\d{6}\.ndjson$/.exec(path) ?? [];
  return source === undefined ? undefined : { source, part: part as BundlePart };
}

/** The files of a bundle. */
export function bundleFiles(path: string): AsyncGenerator<FeedFile> {
  const bytes = createReadStream(path, { highWaterMark: 256 * 1024 });
  const plain = createZstdDecompress();
  bytes.on('error', (error) => plain.destroy(error));
  return walkTar(bytes.pipe(plain));
}

/** The bundle that a file is, or that is all there is in a directory; undefined where it is another feed. */
export async function bundleAt(path: string): Promise<string | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory()) {
    const names = await readdir(path);
    return names.length === 1 ? bundleAt(join(path, names[0]!)) : undefined;
  }
  if (!found?.isFile() || !(await isZstd(path))) return undefined;
  const files = bundleFiles(path);
  try {
    const first = await files.next();
    return !first.done && first.value.path === markName ? path : undefined;
  } catch {
    return undefined;
  } finally {
    await files.return(undefined);
  }
}

async function isZstd(path: string): Promise<boolean> {
  await using file = await open(path);
  const { buffer } = await file.read(Buffer.alloc(4), 0, 4, 0);
  return buffer.equals(Buffer.from([0x28, 0xb5, 0x2f, 0xfd]));
}

/** Reads a bundle to its end and holds every file against its digest; throws a Fault for one that is not whole. */
export async function verifiedManifest(path: string, signal: AbortSignal): Promise<BundleManifest> {
  const seen = new Map<string, { size: number; sha256: string }>();
  let last: FeedFile | undefined;
  try {
    for await (const file of bundleFiles(path)) {
      signal.throwIfAborted();
      if (last) {
        if (seen.has(last.path)) throw damaged(`${last.path} is in it twice`);
        seen.set(last.path, { size: last.bytes.length, sha256: digestOf(last.bytes) });
      }
      last = file;
    }
  } catch (cause) {
    signal.throwIfAborted();
    throw cause instanceof Fault ? cause : damaged((cause as Error).message, cause);
  }
  if (last?.path !== manifestName) throw damaged('it has no manifest at its end: it was cut short');
  const manifest = manifestIn(last.bytes);
  if (manifest.files.length !== seen.size) throw damaged('it holds other files than its manifest names');
  for (const { path: name, size, sha256 } of manifest.files) {
    const found = seen.get(name);
    if (found?.size !== size || found.sha256 !== sha256) throw damaged(`${name} is not what the manifest names`);
  }
  const sources = new Set(manifest.sources.map(({ source }) => source));
  if (sources.size !== manifest.sources.length) throw damaged('it names a source twice');
  for (const name of seen.keys())
    if (name !== markName && !sources.has(partOf(name)?.source ?? ''))
      throw damaged(`${name} belongs to no source of it`);
  return manifest;
}

function manifestIn(bytes: Uint8Array): BundleManifest {
  let document: unknown;
  try {
    document = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw damaged('its manifest is no JSON', cause);
  }
  const schema = (document as { schema?: unknown } | null)?.schema;
  if (typeof schema === 'number' && schema > bundleSchema)
    throw new Fault('failed_precondition', 'the bundle was written by a newer Gabion; use that version', {
      code: 'bundle_newer',
    });
  const read = manifestForm.safeParse(document);
  if (!read.success) throw damaged(`its manifest is malformed: ${read.error.issues[0]?.message ?? ''}`, read.error);
  return read.data;
}

export function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function damaged(reason: string, cause?: unknown): Fault {
  return new Fault('invalid_argument', `the bundle is damaged: ${reason}`.slice(0, 500), {
    code: 'bundle_damaged',
    cause,
  });
}

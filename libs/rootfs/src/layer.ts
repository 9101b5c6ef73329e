import { Collection } from './collection.ts';
import type { Inspector } from './inspector.ts';
import type { Analyzer, LayerContents } from './layer-contents.ts';
import { defaultLimits, type LayerLimits } from './limits.ts';
import { RootfsError } from './rootfs-error.ts';
import { TarParser } from './tar-parser.ts';

/** How a layer is read. */
export interface ReadLayerOptions {
  readonly analyzers: readonly Analyzer[];
  /** They see the files in the first pass. */
  readonly inspectors?: readonly Inspector[];
  readonly limits?: Partial<LayerLimits>;
  readonly signal?: AbortSignal;
}

/** Bytes of an uncompressed layer tar, in order. */
export type TarStream = AsyncIterable<Uint8Array>;

/**
 * Reads one layer to its end and keeps what the analyzers want. `open` is called once; a second time only when a
 * wanted file is a hard link to one that had gone by unkept. Errors: RootfsError, and whatever the stream throws.
 */
export async function readLayer(
  open: () => TarStream | Promise<TarStream>,
  options: ReadLayerOptions,
): Promise<LayerContents> {
  const first = await readOnce(await open(), options, new Map());
  if (first.missedTargets.size === 0) return first.contents;
  const analyzersOnly = { ...options, inspectors: [] };
  const second = await readOnce(await open(), analyzersOnly, first.missedTargets);
  const { notes, skipped } = first.contents;
  return { ...second.contents, notes, skipped };
}

async function readOnce(stream: TarStream, options: ReadLayerOptions, alsoWanted: ReadonlyMap<string, string>) {
  const limits = { ...defaultLimits, ...options.limits };
  const collection = new Collection(options, limits, alsoWanted);
  const parser = new TarParser((entry) => collection.add(entry));
  let bytes = 0;
  for await (const chunk of stream) {
    options.signal?.throwIfAborted();
    bytes += chunk.length;
    if (bytes > limits.maxBytes) throw new RootfsError('layer_too_large', `the layer is over ${limits.maxBytes} bytes`);
    const ending = parser.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length));
    if (ending) await ending;
  }
  parser.end();
  return { contents: collection.contents(bytes), missedTargets: collection.missedTargets };
}

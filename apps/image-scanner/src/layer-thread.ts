// Runs inside the threads of `layer-threads.ts`.
import type { MessagePort } from 'node:worker_threads';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { MalwareError } from '@gabion/malware/malware-error';
import { type MalwareNote, malwareInspectorName } from '@gabion/malware/malware-inspector';
import { type LayerIdentity, type LayerStreamLimits, unpackedLayer } from '@gabion/oci/layer-stream';
import { OciError, type OciErrorCode } from '@gabion/oci/oci-error';
import type { Inspector } from '@gabion/rootfs/inspector';
import { readLayer } from '@gabion/rootfs/layer';
import { decodeLayer, encodeLayer } from '@gabion/rootfs/layer-codec';
import { type LayerContents, noContents } from '@gabion/rootfs/layer-contents';
import type { LayerLimits } from '@gabion/rootfs/limits';
import { RootfsError, type RootfsErrorCode } from '@gabion/rootfs/rootfs-error';
import { SbomError, type SbomErrorCode } from '@gabion/sbom/sbom-error';
import { move, transferableSymbol, valueSymbol, workerData } from 'piscina';
import { ChunkReceiver, type FromThread } from './chunk-port.ts';
import {
  analyzers,
  type DetectorSettings,
  type ImageAbout,
  inspectorsFor,
  type Survey,
  surveyOf,
} from './detectors.ts';
import { surveyOfSbom } from './sbom-survey.ts';

/** What every task is given. */
export interface ThreadTask {
  readonly port: MessagePort;
}

export interface LayerTask extends ThreadTask {
  readonly layer: LayerIdentity;
  readonly stream: LayerStreamLimits;
  readonly limits: LayerLimits;
}

export interface SurveyTask extends ThreadTask {
  readonly layers: readonly PackedLayer[];
  readonly about: ImageAbout;
}

export interface SbomTask extends ThreadTask {
  readonly content: Uint8Array;
}

/** A layer of an image and what `layerTask` answered for it; without it when the layer could not be had. */
export interface PackedLayer {
  readonly diffId: string;
  readonly contents?: Uint8Array;
}

/** How a task ended; errors of the engines keep their code, which no clone of an Error does. */
export type Reply<T> =
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'oci'; readonly code: OciErrorCode; readonly message: string }
  | { readonly kind: 'rootfs'; readonly code: RootfsErrorCode; readonly message: string }
  /** An engine that was to look at the layer could not: what is known of it would pass for all. */
  | { readonly kind: 'engine'; readonly message: string }
  | { readonly kind: 'sbom'; readonly code: SbomErrorCode; readonly message: string }
  | { readonly kind: 'unforeseen'; readonly error: unknown };

export interface ImageSurvey extends Survey {
  /** Uncompressed bytes of each layer. */
  readonly sizes: readonly number[];
}

/** Verifies, unpacks and reads one layer; answers what is kept of it, packed. */
export async function layerTask(task: LayerTask): Promise<Reply<Uint8Array>> {
  using _ = signsOfLife(task.port);
  const receiver = new ChunkReceiver(task.port);
  const open = () => unpackedLayer(receiver.open(), task.layer, task.stream);
  const reply = await replied(async () => {
    const inspectors = await inspectorsHere();
    const contents = await readLayer(open, { analyzers, inspectors, limits: task.limits });
    checkEngines(contents);
    return packed(encodeLayer(contents));
  });
  return reply.kind === 'done' ? handedOver(reply, reply.value) : reply;
}

/** A daemon that was away leaves files unseen; that must not be kept as what there is to say of the layer. */
function checkEngines({ notes }: LayerContents): void {
  for (const note of (notes[malwareInspectorName] ?? []) as readonly MalwareNote[])
    if ('failed' in note && note.failed === 'clamav') throw new MalwareError('clamd_unavailable', note.reason);
}

/** What is looked for, the same for every task: each thread is given it once, however large its definitions are. */
const settings = workerData as DetectorSettings;

let inspectors: Promise<readonly Inspector[]> | undefined;

/** The inspectors of this thread: rules are compiled once, not for each layer. */
function inspectorsHere(): Promise<readonly Inspector[]> {
  inspectors ??= inspectorsFor(settings);
  return inspectors;
}

/** Finds what an SBOM lists. */
export async function sbomTask({ port, content }: SbomTask): Promise<Reply<Survey>> {
  using _ = signsOfLife(port);
  return replied(async () => surveyOfSbom(content, settings.licences));
}

/** Finds what is in an image, of the packed contents of its layers. */
export async function surveyTask({ port, layers, about }: SurveyTask): Promise<Reply<ImageSurvey>> {
  using _ = signsOfLife(port);
  return replied(async () => {
    const contents = unpackedContents(layers);
    const applied = layers.map(({ diffId }) => ({ diffId, contents: contents.get(diffId)! }));
    return { ...surveyOf(applied, about, settings), sizes: applied.map((each) => each.contents.bytes) };
  });
}

/** Bytes that the layers of one image may have kept altogether. */
const maxImageBytes = 512 * 1024 ** 2;

function unpackedContents(layers: readonly PackedLayer[]) {
  const packed = new Map(layers.map(({ diffId, contents }) => [diffId, contents]));
  let left = maxImageBytes;
  return new Map(
    [...packed].map(([diffId, bytes]) => {
      const unpacked = bytes && decompress(bytes, left);
      left -= unpacked?.length ?? 0;
      return [diffId, unpacked ? decoded(unpacked) : noContents];
    }),
  );
}

function decoded(bytes: Buffer): LayerContents {
  const contents = decodeLayer(bytes);
  if (!contents) throw new Error('layer contents of another form are stored under the version of this one');
  return contents;
}

function decompress(bytes: Uint8Array, most: number): Buffer {
  try {
    return zstdDecompressSync(bytes, { maxOutputLength: most });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_BUFFER_TOO_LARGE') throw error;
    throw new RootfsError('layer_contents_too_large', `the layers have over ${maxImageBytes} bytes to keep together`);
  }
}

/** The reply, whose bytes change hands without being copied. */
function handedOver<R>(reply: R, { buffer }: Uint8Array): R {
  return move({ [transferableSymbol]: buffer, [valueSymbol]: reply } as never) as R;
}

function packed(bytes: Buffer): Uint8Array {
  return new Uint8Array(zstdCompressSync(bytes));
}

async function replied<T>(work: () => Promise<T>): Promise<Reply<T>> {
  try {
    return { kind: 'done', value: await work() };
  } catch (error) {
    if (error instanceof OciError) return { kind: 'oci', code: error.code, message: error.message };
    if (error instanceof MalwareError) return { kind: 'engine', message: error.message };
    if (error instanceof SbomError) return { kind: 'sbom', code: error.code, message: error.message };
    if (error instanceof RootfsError) return { kind: 'rootfs', code: error.code, message: error.message };
    return { kind: 'unforeseen', error };
  }
}

/** Tells once a second that the thread is not stuck. */
function signsOfLife(port: MessagePort): Disposable {
  const say = () => port.postMessage('alive' satisfies FromThread);
  say();
  const timer = setInterval(say, 1000);
  return {
    [Symbol.dispose]() {
      clearInterval(timer);
      port.close();
    },
  };
}

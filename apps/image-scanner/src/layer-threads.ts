import { fileURLToPath } from 'node:url';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { LayerIdentity, LayerStreamLimits } from '@gabion/oci/layer-stream';
import { OciError } from '@gabion/oci/oci-error';
import type { Bytes } from '@gabion/oci/verify';
import type { LayerLimits } from '@gabion/rootfs/limits';
import { RootfsError } from '@gabion/rootfs/rootfs-error';
import { SbomError } from '@gabion/sbom/sbom-error';
import { Piscina } from 'piscina';
import { ChunkSender, type FromThread, type ToThread } from './chunk-port.ts';
import type { DetectorSettings, ImageAbout, Survey } from './detectors.ts';
import type { ImageSurvey, LayerTask, PackedLayer, Reply, SbomTask, SurveyTask } from './layer-thread.ts';
import { ScanFailure } from './scan-errors.ts';

export interface LayerThreadsOptions {
  /** Threads at most that read layers, and half as many that survey images; they start when there is work and end after a while without. */
  readonly threads: number;
  readonly settings: DetectorSettings;
  readonly stream: LayerStreamLimits;
  readonly limits: LayerLimits;
  /** A thread that gives no sign of life for so long is given up. */
  readonly stallMs?: number;
  /** JavaScript objects of one thread; bytes are bounded by the limits of layers. */
  readonly heapMb?: number;
  /** The module that the threads run. */
  readonly thread?: URL;
}

const idleMs = 60_000;
/** A thread whose task was called off has so long to let go of it before it is ended. */
const graceMs = 2000;

/** Where the work on layers is done, away from the thread that answers calls. */
export class LayerThreads implements AsyncDisposable {
  readonly #options: LayerThreadsOptions;
  readonly #readers: Piscina;
  /** Apart from the readers: an image of known layers does not wait for large layers of others. */
  readonly #surveyors: Piscina;

  constructor(options: LayerThreadsOptions) {
    this.#options = options;
    this.#readers = poolOf(options.threads, options);
    this.#surveyors = poolOf(Math.ceil(options.threads / 2), options);
  }

  /** How many layers are worked on at a time. */
  get width(): number {
    return this.#options.threads;
  }

  /** Reads a layer from its stored bytes; `open` may be called a second time. Answers its packed contents. */
  read(layer: LayerIdentity, open: () => Promise<Bytes>, signal: AbortSignal): Promise<Uint8Array> {
    const { digest, size, diffId } = layer;
    const { stream, limits } = this.#options;
    const identity = { size, diffId, ...(digest && { digest }) };
    return this.#run<Uint8Array>('layerTask', open, signal, (port): LayerTask => {
      return { port, layer: identity, stream, limits };
    });
  }

  /** Finds what is in an image, of the packed contents of its layers, lowest first. The contents are used up. */
  survey(layers: readonly PackedLayer[], about: ImageAbout, signal: AbortSignal): Promise<ImageSurvey> {
    const buffers = new Set(layers.flatMap(({ contents }) => (contents ? [contents.buffer as ArrayBuffer] : [])));
    const task = (port: MessagePort): SurveyTask => ({ port, layers, about });
    return this.#run<ImageSurvey>('surveyTask', undefined, signal, task, [...buffers]);
  }

  /** Finds what an SBOM lists. The content is used up. */
  surveySbom(content: Uint8Array<ArrayBuffer>, signal: AbortSignal): Promise<Survey> {
    const task = (port: MessagePort): SbomTask => ({ port, content });
    return this.#run<Survey>('sbomTask', undefined, signal, task, [content.buffer]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#readers.destroy(), this.#surveyors.destroy()]);
  }

  async #run<T>(
    name: 'layerTask' | 'surveyTask' | 'sbomTask',
    open: (() => Promise<Bytes>) | undefined,
    signal: AbortSignal,
    taskOf: (port: MessagePort) => object,
    transfer: readonly ArrayBuffer[] = [],
  ): Promise<T> {
    signal.throwIfAborted();
    const { port1, port2 } = new MessageChannel();
    const attendance = new Attendance(port1, open, signal, this.#options.stallMs ?? 60_000);
    const pool = name === 'layerTask' ? this.#readers : this.#surveyors;
    const running = pool
      .run(taskOf(port2), { name, signal: attendance.lost, transferList: [port2, ...transfer] })
      .catch((error: unknown) => {
        throw new ScanFailure('layer_analysis_failed', reasonOf(error), { cause: error });
      })
      .finally(() => attendance[Symbol.dispose]()) as Promise<Reply<T>>;
    return resultOf(await Promise.race([running, attendance.failed]));
  }
}

function poolOf(threads: number, options: LayerThreadsOptions): Piscina {
  const pool = new Piscina({
    filename: fileURLToPath(options.thread ?? ownThread),
    workerData: options.settings,
    minThreads: 0,
    maxThreads: threads,
    idleTimeout: idleMs,
    // Tasks wait for their bytes: a thread must not sleep on anything but its event loop.
    atomics: 'disabled',
    recordTiming: false,
    // Most of what a thread makes is short-lived; with little room for it, it is collected before it piles up.
    resourceLimits: { maxOldGenerationSizeMb: options.heapMb ?? 512, maxYoungGenerationSizeMb: 12 },
    execArgv: isSource ? sourceFlags : [],
  });
  // A thread that dies between two tasks harms nobody: the next task starts another.
  pool.on('error', () => {});
  return pool;
}

/** Serves one task at the service's end of its port: feeds it, and gives it up when it, or its source, is lost. */
class Attendance implements Disposable {
  /** Rejects when the layer cannot be read on: called off, its source lost, or the thread stuck. */
  readonly failed: Promise<never>;
  readonly #fail: (reason: unknown) => void;
  readonly #lost = new AbortController();
  readonly #stopped = new AbortController();
  readonly #port: MessagePort;
  readonly #sender: ChunkSender;
  readonly #open: (() => Promise<Bytes>) | undefined;
  readonly #stallMs: number;
  #stall: NodeJS.Timeout | undefined;
  #grace: NodeJS.Timeout | undefined;

  constructor(port: MessagePort, open: (() => Promise<Bytes>) | undefined, signal: AbortSignal, stallMs: number) {
    this.#port = port;
    this.#open = open;
    this.#stallMs = stallMs;
    this.#sender = new ChunkSender(port);
    const { promise, reject } = Promise.withResolvers<never>();
    this.failed = promise;
    promise.catch(() => {});
    this.#fail = (reason) => {
      reject(reason);
      this.#giveUp();
    };
    port.on('message', (word: FromThread) => this.#hear(word));
    const calledOff = () => this.#fail(signal.reason);
    signal.addEventListener('abort', calledOff, { once: true, signal: this.#stopped.signal });
  }

  /** Aborted when the thread itself must end. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  [Symbol.dispose](): void {
    this.#stopped.abort();
    clearTimeout(this.#stall);
    clearTimeout(this.#grace);
    this.#port.close();
  }

  #hear(word: FromThread): void {
    clearTimeout(this.#stall);
    this.#stall = setTimeout(() => {
      this.#fail(new ScanFailure('layer_analysis_failed', `a thread gave no sign of life for ${this.#stallMs} ms`));
      this.#lost.abort();
    }, this.#stallMs);
    if (word === 'taken') this.#sender.taken();
    if (word === 'open') this.#feed().catch(this.#fail);
  }

  async #feed(): Promise<void> {
    await this.#sender.send(await this.#open!(), this.#stopped.signal);
  }

  #giveUp(): void {
    if (this.#stopped.signal.aborted) return;
    this.#stopped.abort();
    this.#port.postMessage({ kind: 'broken' } satisfies ToThread);
    this.#grace = setTimeout(() => this.#lost.abort(), graceMs);
  }
}

const isSource = import.meta.url.endsWith('.ts');
const ownThread = new URL(isSource ? './layer-thread.ts' : './layer-thread.js', import.meta.url);

/** Node's own flags for a thread that runs the TypeScript sources, as tests and scripts do. */
const sourceFlags = ['--conditions=source', '--experimental-transform-types', '--disable-warning=ExperimentalWarning'];

function resultOf<T>(reply: Reply<T>): T {
  switch (reply.kind) {
    case 'done':
      return reply.value;
    case 'oci':
      throw new OciError(reply.code, reply.message);
    case 'rootfs':
      throw new RootfsError(reply.code, reply.message);
    case 'sbom':
      throw new SbomError(reply.code, reply.message);
    case 'engine':
      throw new ScanFailure('malware_engine_unavailable', reply.message);
    case 'unforeseen':
      throw reply.error;
    default:
      return reply satisfies never;
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : 'the thread ended';
}

import type { MessagePort } from 'node:worker_threads';

/** What a working thread tells the service's own: each word is a sign of life. */
export type FromThread = 'alive' | 'open' | 'taken';

/** What a thread is sent: the pieces of a layer in order, their end, or that no more will come. */
export type ToThread =
  | { readonly kind: 'chunk'; readonly bytes: Uint8Array }
  | { readonly kind: 'end' }
  | { readonly kind: 'broken' };

const chunkBytes = 256 * 1024;
/** Pieces that are sent before the thread has taken the first: 1 MiB a layer. */
const chunksAhead = 4;

/** Sends the bytes of a layer into a thread, as fast as it takes them. */
export class ChunkSender {
  readonly #port: MessagePort;
  #free = chunksAhead;
  #whenFree: (() => void) | undefined;

  constructor(port: MessagePort) {
    this.#port = port;
  }

  /** The thread has taken one piece. */
  taken(): void {
    this.#free++;
    this.#whenFree?.();
  }

  /** Ends early, and silently, when the signal does. */
  async send(bytes: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void> {
    // What comes from a socket shares its memory with other pieces, and cannot be handed over.
    let own = Buffer.allocUnsafeSlow(chunkBytes);
    let filled = 0;
    for await (const piece of bytes) {
      for (let at = 0; at < piece.length; ) {
        const more = piece.subarray(at, at + chunkBytes - filled);
        own.set(more, filled);
        filled += more.length;
        at += more.length;
        if (filled < chunkBytes) break;
        await this.#post(own, signal);
        own = Buffer.allocUnsafeSlow(chunkBytes);
        filled = 0;
      }
      if (signal.aborted) return;
    }
    if (filled > 0) await this.#post(own.subarray(0, filled), signal);
    this.#port.postMessage({ kind: 'end' } satisfies ToThread);
  }

  async #post(bytes: Buffer, signal: AbortSignal): Promise<void> {
    while (this.#free === 0 && !signal.aborted) await this.#room(signal);
    this.#free--;
    const { buffer, byteOffset, length } = bytes;
    const chunk: ToThread = { kind: 'chunk', bytes: new Uint8Array(buffer, byteOffset, length) };
    this.#port.postMessage(chunk, [buffer as ArrayBuffer]);
  }

  #room(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#whenFree = done;
      signal.addEventListener('abort', done);
    });
  }
}

/** The sender has given up: the layer will not come to its end. */
export class Broken extends Error {
  override readonly name = 'Broken';
}

/** The thread's end: asks for the bytes of its layer and takes them in order. */
export class ChunkReceiver {
  readonly #port: MessagePort;
  readonly #arrived: ToThread[] = [];
  #whenArrived: (() => void) | undefined;

  constructor(port: MessagePort) {
    this.#port = port;
    port.on('message', (message: ToThread) => {
      this.#arrived.push(message);
      this.#whenArrived?.();
    });
  }

  /** The bytes from their start; may be asked for again when they were read to their end. */
  async *open(): AsyncGenerator<Buffer> {
    this.#say('open');
    for (;;) {
      const message = await this.#next();
      if (message.kind === 'broken') throw new Broken();
      if (message.kind === 'end') return;
      yield Buffer.from(message.bytes.buffer, message.bytes.byteOffset, message.bytes.length);
      this.#say('taken');
    }
  }

  async #next(): Promise<ToThread> {
    while (this.#arrived.length === 0)
      await new Promise<void>((resolve) => {
        this.#whenArrived = resolve;
      });
    return this.#arrived.shift()!;
  }

  #say(word: FromThread): void {
    this.#port.postMessage(word);
  }
}

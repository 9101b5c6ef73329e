// Stands in for `layer-thread.ts`, to be lost in the way that the layer names.
import type { MessagePort } from 'node:worker_threads';

export async function layerTask({ port, layer }: { port: MessagePort; layer: { diffId: string } }): Promise<unknown> {
  port.postMessage('alive');
  switch (layer.diffId) {
    case 'exits':
      process.exit(3);
      break;
    case 'throws outside of its task':
      setImmediate(() => {
        throw new Error('lost');
      });
      return new Promise(() => {});
    case 'is stuck':
      for (;;);
    case 'fills its heap':
      for (const all: unknown[] = []; ; ) all.push(new Array(100_000).fill(all.length));
    case 'does not listen':
      port.postMessage('open');
      return new Promise(() => {});
    default:
      return { kind: 'done', value: new Uint8Array([1, 2, 3]) };
  }
}

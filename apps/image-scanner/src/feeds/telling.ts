/**
 * Work that tells how it goes, as a stream that ends with the work. Whoever stops listening stops the work, and waits
 * until it has ended.
 */
export async function* telling<T>(
  signal: AbortSignal,
  work: (tell: (message: T) => void, signal: AbortSignal) => Promise<void>,
): AsyncGenerator<T> {
  const stop = new AbortController();
  const waiting: T[] = [];
  let wake = Promise.withResolvers<void>();
  let isOver = false;
  const tell = (message: T) => {
    waiting.push(message);
    wake.resolve();
  };
  const working = work(tell, AbortSignal.any([signal, stop.signal])).finally(() => {
    isOver = true;
    wake.resolve();
  });
  // Whoever waits for it below learns of the failure; until then it must not count as unhandled.
  working.catch(() => {});
  try {
    while (!isOver || waiting.length > 0) {
      await wake.promise;
      wake = Promise.withResolvers();
      yield* waiting.splice(0);
    }
    await working;
  } finally {
    stop.abort();
    await working.catch(() => {});
  }
}

/** The chunks again after looking at their first bytes, as many of `length` as there are. */
export async function peeked(
  chunks: AsyncIterable<Uint8Array>,
  length: number,
): Promise<{ head: Buffer; all: AsyncGenerator<Uint8Array> }> {
  const iterator = chunks[Symbol.asyncIterator]();
  const first: Uint8Array[] = [];
  let known = 0;
  while (known < length) {
    const next = await iterator.next();
    if (next.done) break;
    first.push(next.value);
    known += next.value.length;
  }
  const head = Buffer.concat(first);
  return { head, all: again(head, iterator) };
}

async function* again(head: Buffer, iterator: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    if (head.length > 0) yield head;
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value;
  } finally {
    await iterator.return?.();
  }
}

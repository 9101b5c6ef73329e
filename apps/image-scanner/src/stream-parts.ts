import { Fault } from '@gabion/rpc/fault';

/** A message of a stream that begins with a header and goes on with bytes. */
export interface Part<H> {
  readonly part:
    | { readonly case: 'header'; readonly value: H }
    | { readonly case: 'chunk'; readonly value: Uint8Array }
    | { readonly case: undefined };
}

type HeaderOf<P> = P extends { readonly part: infer C }
  ? C extends { readonly case: 'header'; readonly value: infer H }
    ? H
    : never
  : never;

/** Takes the header off the front of a stream; what follows must be bytes. */
export async function headed<P extends Part<unknown>>(
  parts: AsyncIterable<P>,
): Promise<{ header: HeaderOf<P>; chunks: AsyncIterable<Uint8Array> }> {
  const iterator = parts[Symbol.asyncIterator]();
  const first = await iterator.next();
  if (first.done || first.value.part.case !== 'header')
    throw new Fault('invalid_argument', 'the first message must be the header', { code: 'header_missing' });
  return { header: first.value.part.value as HeaderOf<P>, chunks: chunks(iterator) };
}

async function* chunks(parts: AsyncIterator<Part<unknown>>): AsyncGenerator<Uint8Array> {
  for (let next = await parts.next(); !next.done; next = await parts.next()) {
    const { part } = next.value;
    if (part.case !== 'chunk')
      throw new Fault('invalid_argument', 'after the header only chunks are taken', { code: 'chunk_missing' });
    yield part.value;
  }
}

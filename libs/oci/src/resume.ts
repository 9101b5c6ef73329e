import { type Backoff, delayBefore } from './backoff.ts';
import { ConnectionLost, type Incoming } from './exchange.ts';
import { OciError } from './oci-error.ts';

/** What is known of a body that may be fetched in several pieces. */
interface Expected {
  readonly size: number;
  readonly backoff: Backoff;
  readonly signal?: AbortSignal | undefined;
}

/** Resumptions of one body altogether, so that a registry which gives a byte at a time is given up. */
const maxResumptions = 50;

/**
 * A body that goes on by a range request where its connection was lost. Pieces of different contents joined are found
 * out by the digest, which the caller verifies.
 */
export async function* resumed(
  first: Incoming,
  open: (offset: number) => Promise<Incoming>,
  { size, backoff, signal }: Expected,
): AsyncGenerator<Uint8Array> {
  let offset = 0;
  let fruitless = 0;
  let incoming = first;
  for (let resumptions = 0; ; resumptions++) {
    const start = offset;
    let lost: ConnectionLost | undefined;
    try {
      for await (const chunk of remainder(incoming, offset, size)) {
        offset += chunk.length;
        yield chunk;
      }
    } catch (error) {
      if (!(error instanceof ConnectionLost)) throw error;
      lost = error;
    }
    if (offset >= size && !lost) return;
    // Lost after the last byte: the digest decides.
    if (offset === size) return;
    fruitless = offset > start ? 0 : fruitless + 1;
    if (fruitless >= backoff.attempts || resumptions === maxResumptions) {
      if (!lost) throw new OciError('blob_truncated', `the body ended after ${offset} of ${size} bytes`);
      throw new OciError('registry_unavailable', `the connection was lost after ${offset} of ${size} bytes`, {
        cause: lost,
      });
    }
    await backoff.wait(delayBefore(fruitless, backoff), signal);
    incoming = await open(offset);
  }
}

/** The bytes from `offset` on, whether the server obeyed the range or sent everything. */
async function* remainder(incoming: Incoming, offset: number, size: number): AsyncGenerator<Uint8Array> {
  const begin = incoming.status === 206 ? startOf(incoming) : 0;
  if (begin > offset) {
    incoming.discard();
    throw new OciError('registry_refused', 'the registry answered another range than asked for');
  }
  checkLength(incoming, begin, size);
  let skip = offset - begin;
  for await (const chunk of incoming.body) {
    if (skip >= chunk.length) skip -= chunk.length;
    else {
      yield chunk.subarray(skip);
      skip = 0;
    }
  }
}

/** A length that contradicts the descriptor is refused before a byte is read. */
function checkLength(incoming: Incoming, begin: number, size: number): void {
  const length = incoming.headers['content-length'];
  if (length === undefined || begin + Number(length) === size) return;
  incoming.discard();
  throw new OciError(
    'blob_size_mismatch',
    `the registry announces ${length} bytes from ${begin} on, the manifest ${size} in all`,
  );
}

function startOf(incoming: Incoming): number {
  const range = /^bytes (\d{1,15})-/.exec(incoming.headers['content-range'] ?? '');
  return range ? Number(range[1]) : 0;
}

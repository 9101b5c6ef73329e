import { Readable } from 'node:stream';
import { type Entry, fromBufferPromise, openPromise, type ZipFile } from 'yauzl';

/** A file in a zip, to be read before the next one is asked for. */
export interface ZipMember {
  readonly path: string;
  readonly isFile: boolean;
  /** As the directory of the zip says; what unpacks to another size is an error. */
  readonly size: number;
  open(): AsyncIterable<Uint8Array>;
}

/** The entries of a zip that is a file or in memory; throws what yauzl throws. */
export async function* zipEntries(input: string | Uint8Array): AsyncGenerator<ZipMember> {
  const options = { lazyEntries: true, autoClose: false };
  const zip =
    typeof input === 'string'
      ? await openPromise(input, options)
      : await fromBufferPromise(Buffer.from(input.buffer, input.byteOffset, input.byteLength), options);
  try {
    for (let entry = await nextEntry(zip); entry; entry = await nextEntry(zip)) {
      const { fileName, uncompressedSize } = entry;
      const found = entry;
      yield {
        path: fileName,
        isFile: !fileName.endsWith('/'),
        size: uncompressedSize,
        open: () => contentOf(zip, found),
      };
    }
  } finally {
    zip.close();
  }
}

function nextEntry(zip: ZipFile): Promise<Entry | undefined> {
  return new Promise((resolve, reject) => {
    const done = () => {
      zip.off('entry', onEntry);
      zip.off('end', onEnd);
      zip.off('error', onError);
    };
    const onEntry = (entry: Entry) => {
      done();
      resolve(entry);
    };
    const onEnd = () => {
      done();
      resolve(undefined);
    };
    const onError = (error: Error) => {
      done();
      reject(error);
    };
    zip.on('entry', onEntry);
    zip.on('end', onEnd);
    zip.on('error', onError);
    zip.readEntry();
  });
}

async function* contentOf(zip: ZipFile, entry: Entry): AsyncGenerator<Uint8Array> {
  const stream = await new Promise<Readable>((resolve, reject) => {
    zip.openReadStream(entry, (error, opened) => (error || !opened ? reject(error) : resolve(opened)));
  });
  yield* stream as AsyncIterable<Uint8Array>;
}

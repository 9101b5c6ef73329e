import { on } from 'node:events';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { Fault } from '@gabion/rpc/fault';
import type {
  ReadingCounts,
  ReadingEnd,
  ReadingTask,
  StagingTable,
  ThreadMessage,
  ThreadOrder,
} from './reading-task.ts';

/** What becomes of a feed while it is read. */
export interface Reader {
  /** Hashes that the source holds, in pieces. */
  held(): AsyncIterable<Uint8Array>;
  /** Writes rows, JSON in UTF-8, to a staging table. */
  stage(table: StagingTable, rows: Uint8Array): Promise<void>;
  counted(counts: ReadingCounts): void;
}

/**
 * The heap that a thread may fill: the largest documents of public feeds take some hundred MB once parsed. Beyond it
 * the thread ends, and the service does not.
 */
const maxHeapMb = 1024;

/** Reads a feed in a thread of its own; throws a Fault for what the feed is to blame for. */
export async function readInThread(task: ReadingTask, reader: Reader, signal: AbortSignal): Promise<ReadingEnd> {
  signal.throwIfAborted();
  const worker = startThread(task);
  const tell = (order: ThreadOrder) => worker.postMessage(order);
  try {
    const messages = on(worker, 'message', { signal, close: ['exit'] });
    for await (const hashes of reader.held()) tell({ kind: 'held', hashes });
    tell({ kind: 'begin' });
    for await (const [message] of messages as AsyncIterable<[ThreadMessage]>) {
      if (message.kind === 'end') return message.end;
      if (message.kind === 'refused') throw refusal(message);
      if (message.kind === 'counts') reader.counted(message.counts);
      else {
        await reader.stage(message.table, message.rows);
        tell({ kind: 'more' });
      }
    }
    throw new Fault('internal', 'the feed was not read to its end', { code: 'internal' });
  } catch (error) {
    signal.throwIfAborted();
    throw isExhausted(error) ? exhausted(error) : error;
  } finally {
    await worker.terminate();
  }
}

function startThread(task: ReadingTask): Worker {
  const extension = extname(import.meta.url);
  const isSource = extension === '.ts';
  return new Worker(new URL(`./reading-thread${extension}`, import.meta.url), {
    workerData: task,
    resourceLimits: { maxOldGenerationSizeMb: maxHeapMb, maxYoungGenerationSizeMb: 16 },
    execArgv: isSource ? sourceFlags : [],
  });
}

/** Node's own flags for a thread that runs the TypeScript sources, as tests and scripts do. */
const sourceFlags = ['--conditions=source', '--experimental-transform-types', '--disable-warning=ExperimentalWarning'];

function refusal({ code, message }: { code: string; message: string }): Fault {
  const isTooMuch = /too_large|too_many/.test(code);
  return new Fault(isTooMuch ? 'resource_exhausted' : 'invalid_argument', message, { code: `feed_${code}` });
}

function isExhausted(error: unknown): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY';
}

function exhausted(cause: unknown): Fault {
  return new Fault('resource_exhausted', `a document of the feed takes over ${maxHeapMb} MB to read`, {
    code: 'feed_entry_too_large',
    cause,
  });
}

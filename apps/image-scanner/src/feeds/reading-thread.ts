// The thread in which a feed is unpacked, parsed, compared and put into the form in which it is stored: none of that
// may keep the service from answering.
import { parentPort, workerData } from 'node:worker_threads';
import { AdvisoryError } from '@gabion/advisories/advisory-error';
import { walk } from '@gabion/advisories/walk';
import { bundleFiles } from './bundle.ts';
import { FeedReading } from './feed-reading.ts';
import type { ReadingTask, StagingTable, ThreadMessage, ThreadOrder } from './reading-task.ts';

const batchLength = 512 * 1024;
/** Batches that may be on their way to the database. */
const maxWaiting = 2;
const countsIntervalMs = 200;

const task = workerData as ReadingTask;
const port = parentPort!;
const begun = Promise.withResolvers<void>();
const rows = new Map<StagingTable, { texts: string[]; length: number }>();
let waiting = 0;
let written = Promise.withResolvers<void>();

const reading = new FeedReading(task, (table, row) => {
  const batch = rows.get(table) ?? { texts: [], length: 0 };
  rows.set(table, batch);
  batch.texts.push(row);
  batch.length += row.length;
});

port.on('message', (order: ThreadOrder) => {
  if (order.kind === 'held') reading.seen.hold(order.hashes);
  else if (order.kind === 'begin') begun.resolve();
  else {
    waiting--;
    written.resolve();
    written = Promise.withResolvers();
  }
});

await begun.promise;
try {
  await readAll();
} catch (error) {
  if (!(error instanceof AdvisoryError)) throw error;
  tell({ kind: 'refused', code: error.code, message: error.message });
}
port.close();

async function readAll(): Promise<void> {
  let toldAt = performance.now();
  for (const { id, path } of task.documents) {
    for await (const file of task.isBundle ? bundleFiles(path) : walk(path)) {
      if (task.isBundle) reading.takePart(file);
      else reading.take(file, id);
      await flush(batchLength);
      if (performance.now() - toldAt < countsIntervalMs) continue;
      toldAt = performance.now();
      tell({ kind: 'counts', counts: reading.counts() });
    }
  }
  await flush(1);
  const end = reading.end();
  tell({ kind: 'end', end }, [end.gone.buffer as ArrayBuffer]);
}

/** Hands over what has at least so many characters. */
async function flush(least: number): Promise<void> {
  for (const [table, { texts, length }] of rows) {
    if (length < least) continue;
    rows.delete(table);
    while (waiting >= maxWaiting) await written.promise;
    waiting++;
    // Of its own memory, which goes over to the other thread.
    const bytes = new TextEncoder().encode(`[${texts.join(',')}]`);
    tell({ kind: 'batch', table, rows: bytes }, [bytes.buffer]);
  }
}

function tell(message: ThreadMessage, moved: ArrayBuffer[] = []): void {
  port.postMessage(message, moved);
}

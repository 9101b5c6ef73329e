import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import type { AffectedEntry } from '@gabion/advisories/advisory';
import { AdvisoryError } from '@gabion/advisories/advisory-error';
import { walkTar } from '@gabion/advisories/walk';
import type {
  ImportAdvisoriesHeader,
  ImportAdvisoriesResponseSchema,
} from '@gabion/contracts/gabion/scan/v1/advisories_pb';
import { AdvisoriesImportedSchema } from '@gabion/contracts/gabion/scan/v1/events_pb';
import { publish } from '@gabion/events/publish';
import type { Database } from '@gabion/postgres/database';
import type { Call } from '@gabion/rpc/call';
import { Fault } from '@gabion/rpc/fault';
import { audit } from '@gabion/service/audit';
import type { Advisories, SourceSummary } from './advisories.ts';
import { formatNamed, summaryMessage } from './advisory-source.ts';
import { FeedReading } from './feed-reading.ts';
import type { Home } from './home.ts';
import { spool } from './uploads.ts';

type Answer = MessageInitShape<typeof ImportAdvisoriesResponseSchema>;

const batch = 500;
const progressIntervalMs = 250;

/** Takes feeds in: spooled first, so that a slow sender holds nothing, then read into a generation that is shown last. */
export class AdvisoryImport {
  constructor(
    private readonly db: Database,
    private readonly advisories: Advisories,
    private readonly home: Home,
    private readonly maxFeedBytes: number,
  ) {}

  /** Answers how it goes; the last message holds the source as it is now. */
  async *run(header: ImportAdvisoriesHeader, bytes: AsyncIterable<Uint8Array>, call: Call): AsyncGenerator<Answer> {
    const path = join(this.home.spool, `${randomUUID()}.feed`);
    try {
      await spool(path, bytes, this.maxFeedBytes, call.signal);
      const generation = await this.advisories.begin(header.source);
      try {
        const reading = new FeedReading(header.source, formatNamed(header.format), new Date());
        yield* this.#fill(generation, reading, path, call.signal);
        yield { ...reading.counts(), source: summaryMessage(await this.#show(generation, reading, call)) };
      } catch (error) {
        // Of one that was shown already nothing is dropped; a database that is away finds it by its lease.
        await this.advisories.drop(generation).catch(() => {});
        throw error instanceof AdvisoryError ? feedFault(error) : error;
      }
    } finally {
      await rm(path, { force: true });
    }
  }

  async *#fill(generation: string, reading: FeedReading, path: string, signal: AbortSignal): AsyncGenerator<Answer> {
    let writing: Promise<void> = Promise.resolve();
    let toldAt = performance.now();
    const write = async (entries: readonly AffectedEntry[]) => {
      // One batch is on its way to the database while the next is being read.
      await writing;
      writing = this.advisories.add(generation, entries);
      writing.catch(() => {});
    };
    for await (const file of walkTar(createReadStream(path, { highWaterMark: 256 * 1024 }))) {
      signal.throwIfAborted();
      reading.take(file);
      if (reading.waiting.length >= batch) await write(reading.waiting.splice(0));
      if (performance.now() - toldAt < progressIntervalMs) continue;
      toldAt = performance.now();
      yield reading.counts();
    }
    await write(reading.waiting.splice(0));
    await writing;
  }

  async #show(generation: string, reading: FeedReading, call: Call): Promise<SourceSummary> {
    const summary = reading.summary(new Date());
    await this.advisories.measure();
    await this.db.transaction(async (tx) => {
      await this.advisories.show(tx, generation, summary);
      await publish(tx, AdvisoriesImportedSchema, {
        source: summary.source,
        advisoryCount: BigInt(summary.advisory_count),
        importTime: timestampFromDate(summary.import_time),
      });
      await audit(tx, call, {
        service: 'image-scanner',
        resource: `advisory-sources/${summary.source}`,
        details: { advisories: String(summary.advisory_count) },
      });
      // Nobody waits for the rows of the generation before; what a crash leaves, the janitor finds.
      tx.afterCommit(() => void this.advisories.removeDropped().catch(() => {}));
    });
    return summary;
  }
}

function feedFault(error: AdvisoryError): Fault {
  const isTooMuch = /too_large|too_many/.test(error.code);
  return new Fault(isTooMuch ? 'resource_exhausted' : 'invalid_argument', error.message, {
    code: `feed_${error.code}`,
    cause: error,
  });
}

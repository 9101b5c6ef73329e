import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import {
  AdvisoryFormat,
  type ImportAdvisoriesHeader,
  type ImportAdvisoriesResponseSchema,
} from '@gabion/contracts/gabion/scan/v1/advisories_pb';
import { AdvisoriesImportedSchema } from '@gabion/contracts/gabion/scan/v1/events_pb';
import { publish } from '@gabion/events/publish';
import type { Tx } from '@gabion/postgres/database';
import type { Call } from '@gabion/rpc/call';
import { Fault } from '@gabion/rpc/fault';
import { audit } from '@gabion/service/audit';
import { formatNamed, summaryMessage } from './advisory-source.ts';
import { bundleAt, verifiedManifest } from './feeds/bundle.ts';
import type { ReadingCounts } from './feeds/reading-task.ts';
import type { Imported, Incoming, SourceImport } from './feeds/source-import.ts';
import { telling } from './feeds/telling.ts';
import type { Home } from './home.ts';
import { spool } from './uploads.ts';

type Answer = MessageInitShape<typeof ImportAdvisoriesResponseSchema>;

/** Takes feeds in that callers send: spooled first, so that a slow sender holds nothing, then imported. */
export class AdvisoryImport {
  constructor(
    private readonly imports: SourceImport,
    private readonly home: Home,
    private readonly maxFeedBytes: number,
  ) {}

  /** Answers how it goes; the last message holds the source as it is now. Of a bundle each source has such a message. */
  async *run(header: ImportAdvisoriesHeader, bytes: AsyncIterable<Uint8Array>, call: Call): AsyncGenerator<Answer> {
    const path = join(this.home.spool, `${randomUUID()}.feed`);
    try {
      await spool(path, bytes, this.maxFeedBytes, call.signal);
      yield* telling<Answer>(call.signal, async (tell, signal) => {
        for (const incoming of await incomingOf(path, header, signal)) {
          const imported = await this.imports.run(
            incoming,
            (counts) => tell(countsMessage(counts)),
            (tx, done) => announced(tx, done, call),
            signal,
          );
          tell(importedMessage(imported));
        }
      });
    } finally {
      await rm(path, { force: true });
    }
  }
}

async function incomingOf(path: string, header: ImportAdvisoriesHeader, signal: AbortSignal): Promise<Incoming[]> {
  const format = formatNamed(header.format);
  const bundle = format === undefined ? await bundleAt(path) : undefined;
  if (bundle) return bundleIncoming(bundle, signal);
  if (header.format === AdvisoryFormat.BUNDLE)
    throw new Fault('invalid_argument', 'the file is no bundle', { code: 'bundle_damaged' });
  return [{ source: header.source, ...(format && { format }), documents: [{ id: 0, path }], mayShrink: true }];
}

/** The imports that a bundle stands for, once all of it is verified. */
export async function bundleIncoming(path: string, signal: AbortSignal): Promise<Incoming[]> {
  const { sources } = await verifiedManifest(path, signal);
  return sources.map(({ source }) => ({ source, documents: [{ id: 0, path }], isBundle: true, mayShrink: true }));
}

/** Publishes an import that changed something, and records who made it. */
export async function announced(tx: Tx, { summary, change, isChanged }: Imported, call?: Call): Promise<void> {
  if (isChanged)
    await publish(tx, AdvisoriesImportedSchema, {
      source: summary.source,
      advisoryCount: BigInt(summary.advisory_count),
      importTime: timestampFromDate(summary.import_time),
    });
  if (!call) return;
  await audit(tx, call, {
    service: 'image-scanner',
    resource: `advisory-sources/${summary.source}`,
    details: {
      advisories: String(summary.advisory_count),
      added: String(change.added),
      removed: String(change.removed),
    },
  });
}

function countsMessage(counts: ReadingCounts) {
  return {
    filesRead: BigInt(counts.filesRead),
    advisoriesRead: BigInt(counts.advisoriesRead),
    filesSkipped: BigInt(counts.filesSkipped),
    skipped: [...counts.skipped],
  };
}

function importedMessage({ summary, counts, change }: Imported): Answer {
  return {
    ...countsMessage(counts),
    entriesAdded: BigInt(change.added),
    entriesRemoved: BigInt(change.removed),
    source: summaryMessage(summary),
  };
}

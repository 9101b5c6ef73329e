import { createHash } from 'node:crypto';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { UpdateAdvisoriesResponseSchema } from '@gabion/contracts/gabion/scan/v1/advisories_pb';
import type { Backoff } from '@gabion/oci/backoff';
import { Exchange, type Timeouts } from '@gabion/oci/exchange';
import type { Database } from '@gabion/postgres/database';
import type { Call } from '@gabion/rpc/call';
import { announced, bundleIncoming } from '../advisory-import.ts';
import { summaryMessage } from '../advisory-source.ts';
import { bundleAt } from './bundle.ts';
import type { DownloadOptions } from './download.ts';
import type { Feed } from './feed.ts';
import { FeedFailure, failureOf, isUnreachable } from './feed-failure.ts';
import { feedMetrics } from './feed-metrics.ts';
import { type Feeds, leaseMs } from './feeds.ts';
import { fetchFeed } from './fetch.ts';
import type { Fetched, RegistryAccess } from './fetching.ts';
import type { Imported, Incoming, SourceImport } from './source-import.ts';

/** How an update goes. */
export type Step = MessageInitShape<typeof UpdateAdvisoriesResponseSchema> & {
  readonly feed: string;
  readonly step: string;
};

/** What fetching needs of the configuration. */
export interface FetchSettings {
  readonly directory: string;
  readonly maxBytes: number;
  readonly timeouts: Timeouts;
  readonly backoff: Backoff;
  readonly slowest: DownloadOptions['slowest'];
  readonly registry: RegistryAccess;
  readonly fileRoot: string | undefined;
}

export interface UpdateOptions {
  readonly force?: boolean;
  /** Who asked for it; the schedule where nobody did. */
  readonly call?: Call;
}

const firstBackoffMs = 5 * 60_000;
const maxBackoffMs = 6 * 3_600_000;
/** A site without internet is asked for less often from the beginning. */
const unreachableBackoffMs = 3_600_000;
/** The rest of a feed of which one attempt takes only a part. */
const restMs = 30_000;
const stepIntervalMs = 250;
/** What was fetched of a feed is worth so long; its server has another state by then. */
const leftoverMs = 2 * 86_400_000;

/** Fetches and imports one feed at a time; one replica has a feed while it does. */
export class FeedUpdates {
  constructor(
    private readonly db: Database,
    private readonly feeds: Feeds,
    private readonly imports: SourceImport,
    private readonly settings: FetchSettings,
  ) {}

  /** Updates a feed and tells how it goes; a failure is told and kept, not thrown. */
  async update(name: string, options: UpdateOptions, tell: (step: Step) => void, signal: AbortSignal): Promise<void> {
    const feed = await this.feeds.get(name);
    if (!(await this.feeds.claim(name))) {
      tell({ feed: name, step: 'failed', error: { code: 'feed_busy', message: 'another update of it is under way' } });
      return;
    }
    const lost = new AbortController();
    const renewing = setInterval(() => {
      this.feeds.renew(name).then(
        (isHeld) => isHeld || lost.abort(new FeedFailure('import_dropped', 'the feed was taken or deleted meanwhile')),
        // A database that is away for longer than the lease ends the attempt by itself.
        () => {},
      );
    }, leaseMs / 4);
    try {
      await this.#attempt(feed, options, tell, AbortSignal.any([signal, lost.signal]));
    } catch (error) {
      if (signal.aborted) {
        await this.feeds.release(name).catch(() => {});
        throw error;
      }
      const failure = failureOf(lost.signal.aborted ? lost.signal.reason : error);
      feedMetrics.failed(name);
      await this.feeds.fail(name, failure, delayAfter(failure, feed));
      tell({ feed: name, step: 'failed', error: { code: failure.code, message: failure.message } });
    } finally {
      clearInterval(renewing);
    }
  }

  /** Removes what attempts left behind to go on with, and nobody went on with. */
  async removeLeftovers(now: Date): Promise<void> {
    const names = await readdir(this.settings.directory).catch(() => []);
    for (const name of names) {
      const path = join(this.settings.directory, name);
      const found = await stat(path).catch(() => undefined);
      if (found && now.getTime() - found.mtimeMs > leftoverMs) await rm(path, { recursive: true, force: true });
    }
  }

  async #attempt(feed: Feed, options: UpdateOptions, tell: (step: Step) => void, signal: AbortSignal): Promise<void> {
    const directory = join(this.settings.directory, createHash('sha256').update(feed.name).digest('hex').slice(0, 24));
    await mkdir(directory, { recursive: true, mode: 0o700 });
    tell({ feed: feed.name, step: 'fetching' });
    const fetched = await this.#fetch(feed, options, directory, tell, signal);
    if (fetched.kind === 'unchanged') {
      await this.feeds.succeed(this.db.kysely, feed.name, {
        bytes: fetched.bytes,
        nextInMs: jittered(feed.intervalMs),
      });
      tell({ feed: feed.name, step: 'unchanged', bytesDone: BigInt(fetched.bytes) });
    } else {
      const imported = await this.#import(feed, fetched, options, tell, signal);
      const { counts, summary } = imported;
      tell({
        feed: feed.name,
        step: 'imported',
        bytesDone: BigInt(fetched.bytes),
        advisoriesRead: BigInt(counts.advisoriesRead),
        source: summaryMessage(summary),
      });
    }
    // What was lost on the way is kept for the next attempt; what is imported is of no use any more.
    await rm(directory, { recursive: true, force: true });
  }

  /** From the first address that answers well; told is the failure of the last one. */
  async #fetch(
    feed: Feed,
    { force = false }: UpdateOptions,
    directory: string,
    tell: (step: Step) => void,
    signal: AbortSignal,
  ): Promise<Fetched> {
    const { settings } = this;
    using exchange = new Exchange({
      timeouts: settings.timeouts,
      plainHttp: true,
      proxyEnv: settings.registry.proxyEnv,
      allowsAddress: settings.registry.allowsAddress,
    });
    const onBytes = atMostEvery(stepIntervalMs, (done: number, total: number) =>
      tell({ feed: feed.name, step: 'fetching', bytesDone: BigInt(done), bytesTotal: BigInt(total) }),
    );
    const documents = force ? new Map<string, string>() : await this.feeds.documents(feed.name);
    const fetching = {
      ...settings,
      exchange,
      directory,
      documents,
      validators: force ? {} : feed.validators,
      signal,
      onBytes,
    };
    let failed: unknown;
    for (const url of feed.urls) {
      try {
        return await fetchFeed(url, fetching);
      } catch (error) {
        signal.throwIfAborted();
        failed = error;
      }
    }
    throw failed;
  }

  async #import(
    feed: Feed,
    fetched: Exclude<Fetched, { kind: 'unchanged' }>,
    { force = false, call }: UpdateOptions,
    tell: (step: Step) => void,
    signal: AbortSignal,
  ): Promise<Imported> {
    const isPartial = fetched.kind === 'documents' && fetched.isPartial;
    const outcome = {
      bytes: fetched.bytes,
      validators: fetched.kind === 'whole' ? fetched.validators : {},
      nextInMs: isPartial ? restMs : jittered(feed.intervalMs),
    };
    const all = await this.#incoming(feed, fetched, force, signal);
    let imported: Imported | undefined;
    for (const [index, incoming] of all.entries())
      imported = await this.imports.run(
        incoming,
        ({ advisoriesRead }) => tell({ feed: feed.name, step: 'reading', advisoriesRead: BigInt(advisoriesRead) }),
        async (tx, done) => {
          // Of a bundle the attempt ends well with its last source.
          if (index === all.length - 1) await this.feeds.succeed(tx, feed.name, outcome);
          await announced(tx, done, call);
        },
        signal,
      );
    if (!imported) throw new FeedFailure('feed_empty', 'the bundle holds no source');
    return imported;
  }

  async #incoming(
    feed: Feed,
    fetched: Exclude<Fetched, { kind: 'unchanged' }>,
    force: boolean,
    signal: AbortSignal,
  ): Promise<Incoming[]> {
    const base = {
      source: feed.name,
      ...(feed.format && { format: feed.format }),
      ...(feed.ecosystem && { ecosystem: feed.ecosystem }),
      mayShrink: force,
    };
    const bundle = fetched.kind === 'whole' ? await bundleAt(fetched.path) : undefined;
    if (bundle) return bundleIncoming(bundle, signal);
    if (fetched.kind === 'whole') return [{ ...base, documents: [{ id: 0, path: fetched.path }] }];
    const names = [...fetched.changed.map(({ name }) => name), ...fetched.removed];
    const ids = await this.feeds.documentIds(feed.name, names);
    return [
      {
        ...base,
        documents: fetched.changed.map(({ name, path }) => ({ id: ids.get(name)!, path })),
        of: {
          removed: fetched.removed.map((name) => ids.get(name)!),
          validators: new Map(fetched.changed.map(({ name, validator }) => [ids.get(name)!, validator])),
        },
      },
    ];
  }
}

/** Up to a tenth later or earlier, so that installations do not ask all at once. */
function jittered(ms: number): number {
  return ms * (0.9 + Math.random() * 0.2);
}

/** Longer with each failure, never longer than the feed's own interval unless the server asks for it. */
function delayAfter(failure: FeedFailure, { failures, intervalMs }: Feed): number {
  const first = isUnreachable(failure) ? unreachableBackoffMs : firstBackoffMs;
  const backoff = Math.min(first * 2 ** Math.min(failures, 10), maxBackoffMs, Math.max(intervalMs, first));
  return Math.max(jittered(backoff), Math.min(failure.retryAfterMs ?? 0, 24 * 3_600_000));
}

function atMostEvery<A extends unknown[]>(ms: number, run: (...args: A) => void): (...args: A) => void {
  let at = Number.NEGATIVE_INFINITY;
  return (...args) => {
    if (performance.now() - at < ms) return;
    at = performance.now();
    run(...args);
  };
}

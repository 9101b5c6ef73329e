import { toJson } from '@bufbuild/protobuf';
import { type Timestamp, timestampDate } from '@bufbuild/protobuf/wkt';
import {
  AdvisoryService,
  type AdvisorySummary,
  AdvisorySummarySchema,
  type Feed,
  FeedSchema,
  FeedState,
} from '@gabion/contracts/gabion/scan/v1/advisories_pb';
import { print } from './asking.ts';
import { scannerFor } from './solo-scanner.ts';
import { day, table } from './table.ts';

interface Options {
  readonly data?: string;
  readonly json?: true;
  readonly all?: true;
}

/** Lists the feeds, how each goes, and the sources that no feed fills. */
export async function advisoriesStatus(options: Options): Promise<void> {
  await using scanner = await scannerFor(options.data);
  const client = scanner.client(AdvisoryService);
  const [{ sources }, { feeds }] = await Promise.all([
    client.listAdvisorySources({}, scanner.as),
    client.listFeeds({}, scanner.as),
  ]);
  if (options.json) {
    const answer = {
      sources: sources.map((source) => toJson(AdvisorySummarySchema, source)),
      feeds: feeds.map((feed) => toJson(FeedSchema, feed)),
    };
    print(answer);
    return;
  }
  const shown = feeds.filter(({ state }) => options.all || state !== FeedState.DISABLED);
  const held = new Map(sources.map((source) => [source.source, source]));
  const now = Date.now();
  if (shown.length > 0)
    process.stdout.write(
      table(
        ['FEED', 'STATE', 'AGE', 'ADVISORIES', 'NEXT', 'LAST ERROR'],
        shown.map((feed) => feedRow(feed, held.get(feed.name), now)),
      ),
    );
  const imported = sources.filter(({ source }) => !shown.some(({ name }) => name === source));
  if (imported.length > 0)
    process.stdout.write(
      `${shown.length > 0 ? '\n' : ''}${table(['SOURCE', 'ADVISORIES', 'IMPORTED', 'LATEST CHANGE', 'ECOSYSTEMS'], imported.map(sourceRow))}`,
    );
  if (sources.length === 0)
    process.stdout.write(
      '\nNo advisories are held; `gabion advisories update` fetches some, `import PATH` reads some.\n',
    );
}

const stateNames: Readonly<Record<FeedState, string>> = {
  [FeedState.UNSPECIFIED]: '?',
  [FeedState.NEVER_FETCHED]: 'never fetched',
  [FeedState.CURRENT]: 'current',
  [FeedState.FETCHING]: 'fetching',
  [FeedState.STALE]: 'stale',
  [FeedState.FAILED]: 'failed',
  [FeedState.DISABLED]: 'disabled',
};

function feedRow(feed: Feed, held: AdvisorySummary | undefined, now: number): string[] {
  const { name, state, successTime, nextAttemptTime, error } = feed;
  return [
    name,
    stateNames[state],
    successTime ? duration(now - timestampDate(successTime).getTime()) : '-',
    held ? counted(held) : '-',
    untilText(nextAttemptTime, now),
    error ? `${error.code}: ${error.message.slice(0, 60)}` : '',
  ];
}

function sourceRow(held: AdvisorySummary): string[] {
  const { source, importTime, latestChangeTime, ecosystems } = held;
  return [source, counted(held), day(importTime), day(latestChangeTime), ecosystems.join(', ')];
}

/** A source of EPSS or KEV has facts only. */
function counted({ advisoryCount, factCount }: AdvisorySummary): string {
  return String(advisoryCount > 0n ? advisoryCount : factCount);
}

function untilText(time: Timestamp | undefined, now: number): string {
  if (!time) return '-';
  const ms = timestampDate(time).getTime() - now;
  return ms <= 0 ? 'now' : `in ${duration(ms)}`;
}

function duration(ms: number): string {
  const minutes = Math.max(0, Math.round(ms / 60_000));
  if (minutes < 120) return `${minutes} min`;
  return minutes < 48 * 60 ? `${Math.round(minutes / 60)} h` : `${Math.round(minutes / 1440)} d`;
}

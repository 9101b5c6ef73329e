import { type MessageInitShape, toJson } from '@bufbuild/protobuf';
import { durationFromMs } from '@bufbuild/protobuf/wkt';
import {
  AdvisoryService,
  type Feed,
  FeedSchema,
  type UpdateAdvisoriesResponse,
  UpdateAdvisoriesResponseSchema,
} from '@gabion/contracts/gabion/scan/v1/advisories_pb';
import { print } from './asking.ts';
import { Complaint, exitCodes } from './complaint.ts';
import { showProgress } from './progress.ts';
import type { Reach } from './reach.ts';
import { scannerFor } from './solo-scanner.ts';

interface Options {
  readonly data?: string;
  readonly json?: true;
}

/** Updates feeds now; exit code 1 when any of them failed. */
export async function updateFeeds(names: string[], options: Options & { force?: true }): Promise<void> {
  await using scanner = await scannerFor(options.data);
  const ended: UpdateAdvisoriesResponse[] = [];
  {
    using progress = showProgress();
    const request = { feeds: names, force: options.force ?? false };
    for await (const step of scanner.client(AdvisoryService).updateAdvisories(request, scanner.as)) {
      if (['unchanged', 'imported', 'failed'].includes(step.step)) ended.push(step);
      else progress.at(progressText(step));
    }
  }
  if (options.json) {
    const feeds = ended.map((step) => toJson(UpdateAdvisoriesResponseSchema, step));
    print({ feeds });
  } else process.stdout.write(ended.length > 0 ? ended.map(told).join('') : 'No feed is enabled.\n');
  if (ended.some(({ step }) => step === 'failed')) process.exitCode = exitCodes.no;
}

function progressText({ feed, step, bytesDone, bytesTotal, advisoriesRead }: UpdateAdvisoriesResponse): string {
  if (step === 'reading') return `${feed}: ${advisoriesRead} advisories…`;
  const of = bytesTotal > 0n ? ` of ${megabytes(bytesTotal)}` : '';
  return `${feed}: fetching${bytesDone > 0n ? ` ${megabytes(bytesDone)}${of} MB` : ''}…`;
}

function megabytes(bytes: bigint): string {
  return (Number(bytes) / 1e6).toFixed(1);
}

function told({ feed, step, error, source }: UpdateAdvisoriesResponse): string {
  if (error) return `${feed}: failed: ${error.message} [${error.code}]\n`;
  if (step === 'unchanged' || !source) return `${feed}: unchanged\n`;
  const facts = source.factCount > 0n ? `, ${source.factCount} facts` : '';
  return `${feed}: ${source.advisoryCount} advisories${facts}\n`;
}

/** Adds a feed, or changes the one of that name. */
export async function addFeed(name: string, urls: string[], options: Options & { every?: number }): Promise<void> {
  await using scanner = await scannerFor(options.data);
  const interval =
    options.every === undefined ? {} : { interval: durationFromMs(Math.round(options.every * 3_600_000)) };
  const feed = await scanner
    .client(AdvisoryService)
    .putFeed({ feed: { ...(await known(scanner, name)), name, urls, disabled: false, ...interval } }, scanner.as);
  answer(feed, `${name} is fetched with the next update; \`gabion advisories update ${name}\` does it now.`, options);
}

/** Removes a feed with all that it brought. */
export async function removeFeed(name: string, options: Options): Promise<void> {
  await using scanner = await scannerFor(options.data);
  await scanner.client(AdvisoryService).deleteFeed({ name }, scanner.as);
  process.stdout.write(options.json ? '{}\n' : `${name} is removed, with all that it brought.\n`);
}

/** Enables or disables a feed. */
export async function switchFeed(name: string, to: 'enable' | 'disable', options: Options): Promise<void> {
  await using scanner = await scannerFor(options.data);
  const found = await known(scanner, name);
  if (!found)
    throw new Complaint(`there is no feed ${name}`, {
      code: 'feed_not_found',
      hint: '`gabion advisories status --all` lists them.',
    });
  const feed = await scanner
    .client(AdvisoryService)
    .putFeed({ feed: { ...found, disabled: to === 'disable' } }, scanner.as);
  answer(feed, `${name} is ${to}d.`, options);
}

/** The settings of a feed, without what is answered only. */
async function known(scanner: Reach, name: string): Promise<MessageInitShape<typeof FeedSchema> | undefined> {
  const { feeds } = await scanner.client(AdvisoryService).listFeeds({}, scanner.as);
  const found = feeds.find((each) => each.name === name);
  if (!found) return undefined;
  const { urls, format, interval, disabled } = found;
  return { name, urls, format, disabled, ...(interval && { interval }) };
}

function answer(feed: Feed, words: string, { json }: Options): void {
  if (json) print(toJson(FeedSchema, feed));
  else process.stdout.write(`${words}\n`);
}

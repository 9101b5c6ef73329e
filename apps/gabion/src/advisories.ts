import { stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { toJson } from '@bufbuild/protobuf';
import {
  AdvisoryService,
  type AdvisorySummary,
  AdvisorySummarySchema,
  type ImportAdvisoriesResponse,
  ImportAdvisoriesResponseSchema,
} from '@gabion/contracts/gabion/scan/v1/advisories_pb';
import { Complaint } from './complaint.ts';
import { fileChunks, tarChunks } from './local-files.ts';
import { showProgress } from './progress.ts';
import type { Reach } from './reach.ts';
import { scannerFor } from './solo-scanner.ts';
import { day, table } from './table.ts';

interface Options {
  readonly data?: string;
  readonly json?: true;
}

/** Imports feeds, one source after the other. */
export async function importAdvisories(paths: string[], options: Options & { source?: string }): Promise<void> {
  if (options.source !== undefined && paths.length > 1)
    throw new Complaint('--source names one source, and there are several paths', {
      code: 'usage',
      hint: 'Import them one by one, or leave --source away: each is named after its file.',
    });
  const feeds = await Promise.all(paths.map((path) => feedAt(path, options.source)));
  await using scanner = await scannerFor(options.data);
  const results: ImportAdvisoriesResponse[] = [];
  for (const feed of feeds) results.push(await importFeed(scanner, feed));
  if (options.json) {
    const imported = results.map((result) => toJson(ImportAdvisoriesResponseSchema, result));
    process.stdout.write(`${JSON.stringify({ imported }, null, 2)}\n`);
    return;
  }
  for (const [index, result] of results.entries()) process.stdout.write(told(feeds[index]!, result));
}

interface Feed {
  readonly path: string;
  readonly source: string;
  readonly isDirectory: boolean;
}

async function feedAt(path: string, source: string | undefined): Promise<Feed> {
  const found = await stat(path).catch(() => undefined);
  if (!found) throw new Complaint(`${path} does not exist`, { code: 'path_not_found' });
  return { path, source: source ?? sourceOf(path), isDirectory: found.isDirectory() };
}

/** "Alpine SecDB.tar.gz" → "alpine-secdb". */
function sourceOf(path: string): string {
  const name = basename(resolve(path))
    .toLowerCase()
    .replace(/(\.(tar|tgz|gz|json|zip))+$/, '')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 63);
  if (name) return name;
  throw new Complaint(`${path} says no name for the source`, { code: 'usage', hint: 'Give one with --source.' });
}

async function importFeed(scanner: Reach, feed: Feed): Promise<ImportAdvisoriesResponse> {
  using progress = showProgress();
  let latest: ImportAdvisoriesResponse | undefined;
  const answers = scanner.client(AdvisoryService).importAdvisories(requests(feed), scanner.as);
  for await (const answer of answers) {
    latest = answer;
    progress.at(`${feed.source}: ${answer.filesRead} files, ${answer.advisoriesRead} advisories…`);
  }
  if (latest?.source) return latest;
  throw new Complaint(`the import of ${feed.path} ended without a result`, { code: 'answer_missing', exitCode: 3 });
}

async function* requests({ path, source, isDirectory }: Feed) {
  yield { part: { case: 'header' as const, value: { source } } };
  const chunks = isDirectory ? tarChunks(path) : fileChunks(path);
  for await (const value of chunks) yield { part: { case: 'chunk' as const, value } };
}

function told(
  { source }: Feed,
  { advisoriesRead, filesRead, filesSkipped, skipped }: ImportAdvisoriesResponse,
): string {
  const lines = [`${source}: ${advisoriesRead} advisories of ${filesRead} files`];
  if (filesSkipped > 0n)
    lines.push(`  ${filesSkipped} files skipped:`, ...skipped.slice(0, 5).map((each) => `    ${each}`));
  return `${lines.join('\n')}\n`;
}

/** Lists the sources and what each holds. */
export async function advisoriesStatus(options: Options): Promise<void> {
  await using scanner = await scannerFor(options.data);
  const { sources } = await scanner.client(AdvisoryService).listAdvisorySources({}, scanner.as);
  if (options.json) {
    const answer = { sources: sources.map((source) => toJson(AdvisorySummarySchema, source)) };
    process.stdout.write(`${JSON.stringify(answer, null, 2)}\n`);
    return;
  }
  if (sources.length === 0) {
    process.stdout.write('No advisories are imported; `gabion advisories import PATH` brings some.\n');
    return;
  }
  process.stdout.write(table(['SOURCE', 'ADVISORIES', 'IMPORTED', 'LATEST CHANGE', 'ECOSYSTEMS'], sources.map(row)));
}

function row({ source, advisoryCount, importTime, latestChangeTime, ecosystems }: AdvisorySummary): string[] {
  return [source, String(advisoryCount), day(importTime), day(latestChangeTime), ecosystems.join(', ')];
}

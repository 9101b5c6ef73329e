import { stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { toJson } from '@bufbuild/protobuf';
import {
  AdvisoryService,
  type ImportAdvisoriesResponse,
  ImportAdvisoriesResponseSchema,
} from '@gabion/contracts/gabion/scan/v1/advisories_pb';
import { print } from './asking.ts';
import { Complaint } from './complaint.ts';
import { fileChunks, tarChunks } from './local-files.ts';
import { showProgress } from './progress.ts';
import type { Reach } from './reach.ts';
import { scannerFor } from './solo-scanner.ts';

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
  for (const feed of feeds) results.push(...(await importFeed(scanner, feed)));
  if (options.json) {
    const imported = results.map((result) => toJson(ImportAdvisoriesResponseSchema, result));
    print({ imported });
    return;
  }
  for (const result of results) process.stdout.write(told(result));
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
    .replace(/(\.(tar|tgz|gz|bz2|xz|zst|json|ya?ml|xml|csv|zip))+$/, '')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 63);
  if (name) return name;
  throw new Complaint(`${path} says no name for the source`, { code: 'usage', hint: 'Give one with --source.' });
}

/** The last answer of each source: of a bundle there are several. */
async function importFeed(scanner: Reach, feed: Feed): Promise<ImportAdvisoriesResponse[]> {
  using progress = showProgress();
  const imported: ImportAdvisoriesResponse[] = [];
  const answers = scanner.client(AdvisoryService).importAdvisories(requests(feed), scanner.as);
  for await (const answer of answers) {
    if (answer.source) imported.push(answer);
    progress.at(`${feed.source}: ${answer.filesRead} files, ${answer.advisoriesRead} advisories…`);
  }
  if (imported.length > 0) return imported;
  throw new Complaint(`the import of ${feed.path} ended without a result`, { code: 'answer_missing', exitCode: 3 });
}

async function* requests({ path, source, isDirectory }: Feed) {
  yield { part: { case: 'header' as const, value: { source } } };
  const chunks = isDirectory ? tarChunks(path) : fileChunks(path);
  for await (const value of chunks) yield { part: { case: 'chunk' as const, value } };
}

function told(answer: ImportAdvisoriesResponse): string {
  const { source, advisoriesRead, filesRead, filesSkipped, skipped, entriesAdded, entriesRemoved } = answer;
  const facts = source?.factCount ? `, ${source.factCount} facts` : '';
  const change =
    entriesAdded + entriesRemoved > 0n
      ? `${entriesAdded} entries added, ${entriesRemoved} removed`
      : 'the same as before';
  const difference = facts && advisoriesRead === 0n ? '' : `; ${change}`;
  const lines = [`${source?.source}: ${advisoriesRead} advisories${facts} of ${filesRead} files${difference}`];
  if (filesSkipped > 0n)
    lines.push(`  ${filesSkipped} files skipped:`, ...skipped.slice(0, 5).map((each) => `    ${each}`));
  return `${lines.join('\n')}\n`;
}

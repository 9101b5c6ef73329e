import { needPlatform, type Reach } from './reach.ts';

/** What every command that asks a platform takes. */
export interface AskOptions {
  readonly data?: string;
  /** Answers for a machine. */
  readonly json?: true;
}

/** Asks the platform that the options or the environment name. */
export async function askPlatform<T>(
  { data }: Pick<AskOptions, 'data'>,
  question: (platform: Reach) => Promise<T>,
): Promise<T> {
  await using platform = await needPlatform(data, process.env);
  return await question(platform);
}

/** All of a list that is answered page by page. */
export async function allPages<T, P extends { readonly nextPageToken: string }>(
  ask: (pageToken: string) => Promise<P>,
  itemsOf: (page: P) => readonly T[],
): Promise<T[]> {
  const found: T[] = [];
  for (let pageToken = ''; ; ) {
    const page = await ask(pageToken);
    found.push(...itemsOf(page));
    pageToken = page.nextPageToken;
    if (!pageToken) return found;
  }
}

/** Prints JSON. */
export function print(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

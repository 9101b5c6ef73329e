import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { defaultBackoff } from '@gabion/oci/backoff';
import type { Database } from '@gabion/postgres/database';
import type { Config } from '../config.ts';
import type { Home } from '../home.ts';
import { registryAddresses } from '../registry-addresses.ts';
import { builtInFeeds } from './built-in.ts';
import { FeedUpdates } from './feed-updates.ts';
import { Feeds } from './feeds.ts';
import type { SourceImport } from './source-import.ts';

/** The feeds and what updates them, made from the configuration. */
export async function openFeeds(
  db: Database,
  home: Home,
  imports: SourceImport,
  config: Config,
): Promise<{ feeds: Feeds; updates: FeedUpdates }> {
  const feeds = new Feeds(db, builtInFeeds(new Date()), randomUUID());
  await feeds.begin();
  const { headersMs, stallMs, windowMs, windowBytes } = config.feedTimeouts;
  const updates = new FeedUpdates(db, feeds, imports, {
    directory: join(home.directory, 'feeds'),
    maxBytes: config.maxFeedBytes,
    timeouts: { headersMs, stallMs },
    slowest: { windowMs, bytes: windowBytes },
    backoff: defaultBackoff,
    registry: {
      allowsAddress: registryAddresses(config.allowPrivateRegistries),
      proxyEnv: config.proxy,
      dockerConfigFile: config.dockerConfigFile,
    },
    fileRoot: config.feedFileRoot,
  });
  return { feeds, updates };
}

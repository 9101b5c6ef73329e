import type { MessageInitShape } from '@bufbuild/protobuf';
import { durationMs } from '@bufbuild/protobuf/wkt';
import type {
  Feed as FeedMessage,
  FeedSchema,
  UpdateAdvisoriesRequest,
  UpdateAdvisoriesResponseSchema,
} from '@gabion/contracts/gabion/scan/v1/advisories_pb';
import type { Database } from '@gabion/postgres/database';
import type { Call } from '@gabion/rpc/call';
import { Fault } from '@gabion/rpc/fault';
import { audit } from '@gabion/service/audit';
import { formatNamed } from '../advisory-source.ts';
import { feedMessage } from './feed.ts';
import { FeedFailure } from './feed-failure.ts';
import type { FeedUpdates } from './feed-updates.ts';
import type { FeedSettings, Feeds } from './feeds.ts';
import { formOf } from './fetch.ts';
import { expanded } from './fetch-listed.ts';
import { telling } from './telling.ts';

const minIntervalMs = 60_000;
const maxIntervalMs = 90 * 86_400_000;

/** What callers ask of feeds. */
export class FeedDoor {
  constructor(
    private readonly db: Database,
    private readonly feeds: Feeds,
    private readonly updates: FeedUpdates,
  ) {}

  async list(): Promise<MessageInitShape<typeof FeedSchema>[]> {
    return (await this.feeds.list()).map(feedMessage);
  }

  async put(message: FeedMessage, call: Call): Promise<MessageInitShape<typeof FeedSchema>> {
    const settings = settingsOf(message);
    await this.db.transaction(async (tx) => {
      await this.feeds.put(tx, settings);
      await audit(tx, call, {
        service: 'image-scanner',
        resource: `advisory-feeds/${settings.name}`,
        details: { urls: settings.urls.join(' ').slice(0, 2000), disabled: String(settings.isDisabled) },
      });
    });
    return feedMessage(await this.feeds.get(settings.name));
  }

  async delete(name: string, call: Call): Promise<void> {
    await this.db.transaction(async (tx) => {
      await audit(tx, call, { service: 'image-scanner', resource: `advisory-feeds/${name}` });
      await this.feeds.delete(tx, name);
    });
  }

  /** One feed after the other; one that fails does not keep the others. */
  async *update(
    { feeds: asked, force }: UpdateAdvisoriesRequest,
    call: Call,
  ): AsyncGenerator<MessageInitShape<typeof UpdateAdvisoriesResponseSchema>> {
    const enabled = (await this.feeds.list()).filter(({ isDisabled }) => !isDisabled);
    const names = asked.length > 0 ? [...new Set(asked)] : enabled.map(({ name }) => name);
    for (const name of names) await this.feeds.get(name);
    yield* telling(call.signal, async (tell, signal) => {
      for (const name of names) await this.updates.update(name, { force, call }, tell, signal);
    });
  }
}

function settingsOf({ name, urls, format, interval, disabled }: FeedMessage): FeedSettings {
  const intervalMs = interval && durationMs(interval);
  if (intervalMs !== undefined && (intervalMs < minIntervalMs || intervalMs > maxIntervalMs))
    throw new Fault('invalid_argument', 'the interval is between a minute and 90 days', {
      code: 'interval_invalid',
      fields: [{ field: 'feed.interval', code: 'out_of_range', message: 'is between 60s and 7776000s' }],
    });
  for (const [index, url] of urls.entries()) checkAddress(url, `feed.urls[${index}]`);
  return { name, urls, format: formatNamed(format), intervalMs, isDisabled: disabled };
}

function checkAddress(address: string, field: string): void {
  try {
    if (formOf(address) === 'listed') expanded(address);
  } catch (cause) {
    if (!(cause instanceof FeedFailure)) throw cause;
    const fields = [{ field, code: cause.code, message: cause.message }];
    throw new Fault('invalid_argument', cause.message, { code: cause.code, fields, cause });
  }
}

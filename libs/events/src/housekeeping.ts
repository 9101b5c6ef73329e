import { events } from '@gabion/contracts/services';
import type { Database } from '@gabion/postgres/database';
import type { Logger } from '@gabion/telemetry/log';
import type { BusLimits } from './bus.ts';
import { isDeadLetterTopic } from './event.ts';
import { clean } from './janitor.ts';
import { Pause } from './pause.ts';
import { cachedTopicOf } from './publish.ts';

/** Dead letters wait for a person. */
const deadLetterDays = 30;
/** As long as a relay may have been away between sending an event and sending it again. */
const inboxDays = 7;

/** Days that the events of a topic are kept: what the contract says, 7 for a topic it does not know. */
export function retentionDaysOf(topic: string): number {
  if (isDeadLetterTopic(topic)) return deadLetterDays;
  const schema = events.find((each) => cachedTopicOf(each).name === topic);
  return schema ? cachedTopicOf(schema).retentionDays : 7;
}

/** Runs the janitor now and then until disposed. */
export function keepClean(db: Database, log: Logger, limits: BusLimits, hasRelay: boolean): AsyncDisposable {
  const pause = new Pause();
  let isClosed = false;
  const retention = {
    days: retentionDaysOf,
    inboxDays,
    ...(hasRelay && { keepShippedMs: limits.keepShippedMs ?? 3_600_000 }),
  };
  const running = (async () => {
    while (!isClosed) {
      // Chance keeps replicas and services that started together apart.
      await pause.wait((limits.janitorIntervalMs ?? 600_000) * (0.5 + Math.random()));
      if (isClosed) return;
      await clean(db, retention, new Date()).catch((error: unknown) => log.debug({ error }, 'old events not deleted'));
    }
  })();
  return {
    async [Symbol.asyncDispose]() {
      isClosed = true;
      pause.close();
      await running;
    },
  };
}

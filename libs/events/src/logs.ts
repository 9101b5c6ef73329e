import { type Database, openDatabase } from '@gabion/postgres/database';
import { wakeChannel } from './outbox.ts';
import { Pause } from './pause.ts';

/** The log of another service, read with its own few connections. */
export interface ForeignLog {
  readonly db: Database;
  /** Has `run` called when something was published to `topic`, or might have been. */
  onPublished(topic: string, run: () => void): Disposable;
}

interface Shared extends ForeignLog {
  users: number;
  close(): Promise<void>;
}

/** One per URL and process: services that live in one process share connections to each other's logs. */
const open = new Map<string, Shared>();

/** The log at `url`; a server or database that is not there yet is waited for. */
export function openLog(url: string): ForeignLog & AsyncDisposable {
  const shared = open.get(url) ?? share(url);
  shared.users++;
  let isReleased = false;
  return {
    db: shared.db,
    onPublished: (topic, run) => shared.onPublished(topic, run),
    async [Symbol.asyncDispose]() {
      if (isReleased) return;
      isReleased = true;
      if (--shared.users > 0) return;
      open.delete(url);
      await shared.close();
    },
  };
}

function share(url: string): Shared {
  const db = openDatabase(url, { maxConnections: 4, applicationName: 'gabion-bus' });
  const ears = new Map<() => void, string>();
  const pause = new Pause();
  let isClosed = false;
  const heard = (payload: string) => {
    const topics = payload ? new Set(payload.split(',')) : undefined;
    for (const [run, topic] of ears) if (!topics || topics.has(topic)) run();
  };
  const listening = (async () => {
    while (!isClosed) {
      try {
        return await db.listen(wakeChannel, heard);
      } catch {
        // Until the server is there, consumers look by themselves once a second.
        await pause.wait(5_000);
      }
    }
    return undefined;
  })();
  const shared: Shared = {
    db,
    users: 0,
    onPublished: (topic, run) => {
      ears.set(run, topic);
      return { [Symbol.dispose]: () => void ears.delete(run) };
    },
    close: async () => {
      isClosed = true;
      pause.close();
      await (await listening)?.[Symbol.asyncDispose]();
      await db[Symbol.asyncDispose]();
    },
  };
  open.set(url, shared);
  return shared;
}

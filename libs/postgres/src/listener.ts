import pg from 'pg';
import { typed } from './sql-state.ts';

type Heard = (payload: string) => void;

/** One connection that listens on any number of channels and comes back by itself when it is lost. */
export class Listener implements AsyncDisposable {
  readonly #config: pg.ClientConfig;
  readonly #heard = new Map<string, Set<Heard>>();
  #client: Promise<pg.Client> | undefined;
  #retry: NodeJS.Timeout | undefined;
  #backoffMs = 100;
  #closed = false;

  constructor(config: pg.ClientConfig) {
    // A connection that only waits for notifications has no statement that could take long.
    this.#config = { ...config, statement_timeout: false };
  }

  async listen(channel: string, heard: Heard): Promise<AsyncDisposable> {
    const ears = this.#heard.get(channel) ?? new Set();
    this.#heard.set(channel, ears.add(heard));
    try {
      this.#client ??= this.#connect();
      const client = await this.#client;
      await client.query(`listen ${pg.escapeIdentifier(channel)}`);
    } catch (error) {
      await this.#forget(channel, heard);
      throw typed(error, 'connect');
    }
    return { [Symbol.asyncDispose]: () => this.#forget(channel, heard) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#heard.clear();
    const client = await this.#client?.catch(() => undefined);
    this.#client = undefined;
    await client?.end().catch(() => {});
  }

  async #forget(channel: string, heard: Heard): Promise<void> {
    const ears = this.#heard.get(channel);
    if (!ears?.delete(heard) || ears.size > 0) return;
    this.#heard.delete(channel);
    const client = await this.#client?.catch(() => undefined);
    // The connection may be gone by now; then there is nothing to unlisten.
    await client?.query(`unlisten ${pg.escapeIdentifier(channel)}`).catch(() => {});
  }

  async #connect(): Promise<pg.Client> {
    const client = new pg.Client(this.#config);
    client.on('notification', ({ channel, payload }) => {
      for (const heard of this.#heard.get(channel) ?? []) heard(payload ?? '');
    });
    client.on('error', () => {});
    client.once('end', () => this.#lost(client));
    try {
      await client.connect();
    } catch (error) {
      this.#client = undefined;
      throw error;
    }
    return client;
  }

  #lost(_client: pg.Client): void {
    this.#client = undefined;
    if (this.#closed || this.#heard.size === 0) return;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => void this.#reconnect(), this.#backoffMs);
    this.#retry.unref();
    this.#backoffMs = Math.min(this.#backoffMs * 2, 5_000);
  }

  async #reconnect(): Promise<void> {
    try {
      this.#client ??= this.#connect();
      const client = await this.#client;
      const channels = [...this.#heard.keys()];
      for (const channel of channels) await client.query(`listen ${pg.escapeIdentifier(channel)}`);
      this.#backoffMs = 100;
      for (const channel of channels) for (const heard of this.#heard.get(channel) ?? []) heard('');
    } catch {
      // `end` is emitted for a connection that was never made as well, but not for every way to fail.
      this.#client = undefined;
      this.#lost(undefined as never);
    }
  }
}

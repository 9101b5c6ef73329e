import { setTimeout as pause } from 'node:timers/promises';
import type { ApiServer } from './api-server.ts';

/** What happened while a load was on. */
export interface LoadSeen {
  writes: number;
  reads: number;
  failedWrites: string[];
  failedReads: string[];
}

/** Writes and reads objects without a pause until it is stopped; whatever does not answer as it should is a failure. */
export class WriteLoad {
  readonly seen: LoadSeen = { writes: 0, reads: 0, failedWrites: [], failedReads: [] };
  #isStopping = false;
  readonly #lanes: Promise<void>[];

  constructor(
    private readonly server: ApiServer,
    private readonly name: string,
    lanes = 4,
  ) {
    this.#lanes = Array.from({ length: lanes }, (_, lane) => this.#lane(lane));
  }

  async stop(): Promise<LoadSeen> {
    this.#isStopping = true;
    await Promise.all(this.#lanes);
    return this.seen;
  }

  async #lane(lane: number): Promise<void> {
    for (let round = 0; !this.#isStopping; round++) {
      const name = `${this.name}-${lane}-${round % 50}`;
      const text = `${name} ${round} ${'x'.repeat(200)}`;
      await this.#write(name, text);
      await this.#read(name, text);
      await pause(5);
    }
  }

  async #write(name: string, text: string): Promise<void> {
    const before = await this.server.read(name);
    const version = (before.body.metadata as { resourceVersion?: string } | undefined)?.resourceVersion;
    const answer =
      before.status === 404 ? await this.server.create(name, text) : await this.server.replace(name, text, version);
    this.seen.writes++;
    if (answer.status !== 200 && answer.status !== 201)
      this.seen.failedWrites.push(`${name}: ${answer.status} ${String(answer.body.message).slice(0, 200)}`);
  }

  async #read(name: string, text: string): Promise<void> {
    const answer = await this.server.read(name);
    this.seen.reads++;
    if (answer.status !== 200 || this.server.textIn(answer) !== text)
      this.seen.failedReads.push(`${name}: ${answer.status} ${String(answer.body.message).slice(0, 200)}`);
  }
}

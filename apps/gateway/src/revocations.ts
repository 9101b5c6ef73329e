import { setTimeout as sleep } from 'node:timers/promises';
import { AuthenticationService } from '@gabion/contracts/gabion/identity/v1/authentication_pb';
import type { Connection } from '@gabion/rpc/client';
import type { Logger } from '@gabion/telemetry/log';
import type { Callers } from './callers.ts';

export interface RevocationsOptions {
  readonly identity: Connection;
  readonly callers: Callers;
  readonly log: Logger;
  /** Silence after which the watch is taken for broken; identity sends a heartbeat every 5 s. */
  readonly silenceMs?: number;
}

/**
 * Watches what makes remembered callers void, from now until disposed of. Each revocation is acknowledged after it has
 * been applied, so that whoever revokes knows; a watch that ends or falls silent is made anew.
 */
export function watchRevocations(options: RevocationsOptions): AsyncDisposable {
  const stopping = new AbortController();
  const watching = keepWatching(options, stopping.signal);
  return {
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await watching;
    },
  };
}

async function keepWatching(options: RevocationsOptions, stop: AbortSignal): Promise<void> {
  for (let attempt = 0; !stop.aborted; attempt++) {
    try {
      await watchOnce(options, stop, () => {
        attempt = 0;
      });
    } catch (error) {
      if (!stop.aborted) options.log.warn({ error }, 'watch of revocations broke: callers are not remembered');
    }
    options.callers.isWatching = false;
    await sleep(Math.random() * Math.min(50 * 2 ** attempt, 2000), undefined, { signal: stop }).catch(() => {});
  }
}

async function watchOnce(
  { identity, callers, silenceMs = 7500 }: RevocationsOptions,
  stop: AbortSignal,
  heard: () => void,
): Promise<void> {
  const silent = new AbortController();
  const timer = setTimeout(() => silent.abort(), silenceMs).unref();
  const acknowledging = new Acknowledgements();
  const signal = AbortSignal.any([stop, silent.signal]);
  // The stream of requests must end with the call, or it would wait for ever for a next acknowledgement.
  signal.addEventListener('abort', () => acknowledging.end(), { once: true });
  try {
    for await (const { sequence, callerId, all } of identity
      .client(AuthenticationService)
      .watchRevocations(acknowledging.messages(), { signal })) {
      timer.refresh();
      heard();
      // Whatever was answered before this moment may have been revoked unheard.
      if (!callers.isWatching) callers.isWatching = true;
      if (sequence === 0n) continue;
      callers.forget(all ? undefined : callerId);
      acknowledging.add(sequence);
    }
  } finally {
    callers.isWatching = false;
    clearTimeout(timer);
    acknowledging.end();
  }
}

/** The stream of acknowledgements: only the latest counts, so at most one waits to be sent. */
class Acknowledgements {
  #latest = 0n;
  #sent = -1n;
  #ended = false;
  #wake: () => void = () => {};

  add(sequence: bigint): void {
    this.#latest = sequence;
    this.#wake();
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  async *messages(): AsyncIterable<{ acknowledged: bigint }> {
    while (!this.#ended) {
      if (this.#sent !== this.#latest) {
        this.#sent = this.#latest;
        yield { acknowledged: this.#latest };
        continue;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

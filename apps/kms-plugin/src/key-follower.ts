import { generateKeyPairSync } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { WatchClusterKeysResponse } from '@gabion/contracts/gabion/kms/v1/clusters_pb';
import { clusterKeyContext } from '@gabion/keys/cluster-key';
import { openSealed } from '@gabion/keys/hpke';
import type { Logger } from '@gabion/telemetry/log';
import type { ClusterKeys } from './cluster-keys.ts';
import type { KeyServiceParts, KeyServiceReach } from './key-service.ts';

/** A service that says nothing for so long is tried anew: it says something every 10 s. */
const silenceMs = 35_000;
const most = { pauseMs: 5000, firstPauseMs: 100 };

/** Follows what the key service tells of the cluster's keys, and begins again after every loss. */
export class KeyFollower implements AsyncDisposable {
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;
  #service: KeyServiceReach | undefined;

  constructor(
    private readonly parts: KeyServiceParts,
    private readonly keys: ClusterKeys,
    private readonly log: Logger,
  ) {}

  /** The key service while it is followed: for what else is to be said to it. */
  get service(): KeyServiceReach | undefined {
    return this.#service;
  }

  begin(): void {
    this.#running = this.#run();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    for (let pauseMs = most.firstPauseMs; !signal.aborted; pauseMs = Math.min(most.pauseMs, pauseMs * 2)) {
      try {
        if (await this.#follow(signal)) pauseMs = most.firstPauseMs;
      } catch (error) {
        if (signal.aborted) return;
        const { code = 'internal', message } = error as { code?: string; message: string };
        this.log.warn({ code, reason: message }, 'the key service is not heard; it is tried again');
      }
      // Jitter: the plugins of all control planes lose a service that restarts at the same time.
      await pause(pauseMs * (0.5 + Math.random()), undefined, { signal }).catch(() => {});
    }
  }

  /** Answers, once the stream has ended, whether anything was heard. */
  async #follow(stopping: AbortSignal): Promise<boolean> {
    const { cluster, node } = this.parts;
    const { publicKey, privateKey } = generateKeyPairSync('x25519');
    const recipient = rawOf(publicKey.export({ format: 'jwk' }).x);
    const own = rawOf(privateKey.export({ format: 'jwk' }).d);
    const silence = new AbortController();
    const timer = setTimeout(() => silence.abort(), silenceMs).unref();
    let isHeard = false;
    try {
      await using service = await this.parts.reach();
      this.#service = service;
      const signal = AbortSignal.any([stopping, silence.signal]);
      const told = service.keys.watchClusterKeys({ cluster, node, recipient }, { ...service.as, signal });
      for await (const message of told) {
        timer.refresh();
        await this.#take(message, own);
        if (!isHeard) this.log.info({ primary: message.primary, problem: message.problem }, 'the key service is heard');
        isHeard = true;
      }
      return isHeard;
    } finally {
      this.#service = undefined;
      clearTimeout(timer);
      own.fill(0);
    }
  }

  async #take({ keys, primary, graceSeconds, problem }: WatchClusterKeysResponse, own: Buffer): Promise<void> {
    const { cluster, node } = this.parts;
    const fresh = new Map<string, Buffer>();
    for (const { kmsKeyId, sealed } of keys) {
      if (sealed.length === 0) continue;
      fresh.set(kmsKeyId, await openSealed(own, sealed, clusterKeyContext({ cluster, node, kmsKeyId })));
    }
    const named = keys.map(({ kmsKeyId }) => kmsKeyId);
    const missing = named.find((name) => !fresh.has(name) && !this.keys.has(name));
    if (missing !== undefined) throw new Error(`${missing} was named before it was told`);
    this.keys.take({ named, primary, fresh, graceMs: graceSeconds * 1000, problem });
  }
}

function rawOf(text: string | undefined): Buffer {
  return Buffer.from(text ?? '', 'base64url');
}

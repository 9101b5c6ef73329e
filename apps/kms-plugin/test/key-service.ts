import { randomBytes } from 'node:crypto';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { create } from '@bufbuild/protobuf';
import {
  type ReportClusterKeyUsesRequestSchema,
  ReportClusterKeyUsesResponseSchema,
  type WatchClusterKeysRequestSchema,
  type WatchClusterKeysResponse,
  WatchClusterKeysResponseSchema,
} from '@gabion/contracts/gabion/kms/v1/clusters_pb';
import { sealTo } from '@gabion/keys/hpke';
import { Fault } from '@gabion/rpc/fault';
import type { KeyServiceReach } from '../src/key-service.ts';

type Watch = MessageInitShape<typeof WatchClusterKeysRequestSchema>;
type Report = MessageInitShape<typeof ReportClusterKeyUsesRequestSchema>;

/** A key service in memory: keys of one cluster, told to whoever watches, as the real one tells them. */
export class StandInKeyService {
  readonly #keys = new Map<string, Buffer>();
  readonly reports: Report[] = [];
  primary = '';
  problem = '';
  graceSeconds = 3600;
  isAway = false;
  #changed = Promise.withResolvers<void>();

  constructor() {
    this.add();
  }

  /** Another key, which is the primary one unless told. */
  add({ isPrimary = true } = {}): string {
    const name = `gabion:test:${this.#keys.size + 1}:key:${this.#keys.size + 1}`;
    this.#keys.set(name, randomBytes(32));
    if (isPrimary) this.primary = name;
    this.tell();
    return name;
  }

  tell(): void {
    const { resolve } = this.#changed;
    this.#changed = Promise.withResolvers();
    resolve();
  }

  leave(): void {
    this.isAway = true;
    this.tell();
  }

  readonly reach = async (): Promise<KeyServiceReach> => ({
    keys: {
      watchClusterKeys: (request, options) => this.#watch(request, options?.signal),
      reportClusterKeyUses: async (report) => {
        this.#assertHere();
        this.reports.push(report);
        return create(ReportClusterKeyUsesResponseSchema);
      },
    },
    as: {},
    [Symbol.asyncDispose]: async () => {},
  });

  async *#watch(
    { cluster, node, recipient }: Watch,
    signal = new AbortController().signal,
  ): AsyncGenerator<WatchClusterKeysResponse> {
    const told = new Set<string>();
    const gone = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    while (!signal.aborted) {
      this.#assertHere();
      const { promise } = this.#changed;
      // As they are together: all that follows takes a while.
      const { graceSeconds, problem, primary } = this;
      const names = problem ? [] : [...this.#keys.keys()].reverse();
      if (problem) told.clear();
      const keys = [];
      for (const name of names) {
        const context = { info: 'gabion cluster key v1', aad: `${cluster}\n${node}\n${name}` };
        const key = this.#keys.get(name) as Buffer;
        const sealed = told.has(name) ? Buffer.alloc(0) : await sealTo(recipient as Uint8Array, key, context);
        keys.push({ kmsKeyId: name, sealed });
        told.add(name);
      }
      yield create(WatchClusterKeysResponseSchema, {
        keys,
        primary: problem ? '' : primary,
        graceSeconds,
        problem,
      });
      await Promise.race([promise, gone]);
    }
  }

  #assertHere(): void {
    if (this.isAway) throw new Fault('unavailable', 'away', { code: 'service_unavailable' });
  }
}

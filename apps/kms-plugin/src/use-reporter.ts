import { randomUUID } from 'node:crypto';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import type { Logger } from '@gabion/telemetry/log';
import type { KeyServiceParts, KeyServiceReach } from './key-service.ts';

export interface PluginUse {
  readonly kmsKeyId: string;
  readonly operation: 'encrypt' | 'decrypt';
  readonly uid: string;
  /** Empty for success. */
  readonly code: string;
}

interface Counted extends PluginUse {
  readonly timeMs: number;
  count: number;
}

interface Report {
  readonly sequence: bigint;
  readonly uses: readonly Counted[];
  readonly lost: bigint;
}

const roundMs = 1000;
/** Uses that a report tells one by one; alike ones beyond are counted, as long as they are of few kinds. */
const most = { single: 100, kinds: 1000 };

/** Tells the key service what its keys were used for. Every use is in the log; what waits here does not grow with the load. */
export class UseReporter implements AsyncDisposable {
  readonly #runId = randomUUID();
  #single: Counted[] = [];
  #joined = new Map<string, Counted>();
  #lost = 0n;
  #sequence = 0n;
  #unsent: Report | undefined;
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> = Promise.resolve();

  /** `service` answers the key service while it can be reached. */
  constructor(
    private readonly parts: Pick<KeyServiceParts, 'cluster' | 'node'>,
    private readonly service: () => KeyServiceReach | undefined,
    private readonly log: Logger,
  ) {}

  begin(): void {
    this.#timer = setInterval(() => void this.#next(), roundMs).unref();
  }

  add(use: PluginUse): void {
    if (this.#single.length < most.single) {
      this.#single.push({ ...use, timeMs: Date.now(), count: 1 });
      return;
    }
    const kind = `${use.operation} ${use.code} ${use.kmsKeyId}`;
    const alike = this.#joined.get(kind);
    if (alike) alike.count++;
    else if (this.#joined.size < most.kinds) this.#joined.set(kind, { ...use, uid: '', timeMs: Date.now(), count: 1 });
    else this.#lost++;
  }

  /** Tells what waits, once. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#next();
  }

  #next(): Promise<void> {
    this.#round = this.#round.then(() => this.#send());
    return this.#round;
  }

  async #send(): Promise<void> {
    // A report that may have arrived is sent again as it was, under its number.
    this.#unsent ??= this.#taken();
    const service = this.service();
    if (!this.#unsent || !service) return;
    try {
      const { cluster, node } = this.parts;
      const { sequence, lost } = this.#unsent;
      const uses = this.#unsent.uses.map(({ timeMs, ...use }) => ({ ...use, time: timestampFromMs(timeMs) }));
      const report = { cluster, node, runId: this.#runId, sequence, lost, uses };
      await service.keys.reportClusterKeyUses(report, { ...service.as, deadlineMs: 5000 });
      this.#unsent = undefined;
    } catch (error) {
      const { code = 'internal' } = error as { code?: string };
      this.log.debug({ code }, 'uses could not be reported; they wait');
    }
  }

  #taken(): Report | undefined {
    if (this.#single.length === 0 && this.#lost === 0n) return undefined;
    const report = { sequence: ++this.#sequence, uses: [...this.#single, ...this.#joined.values()], lost: this.#lost };
    this.#single = [];
    this.#joined = new Map();
    this.#lost = 0n;
    return report;
  }
}

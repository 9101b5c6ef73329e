import type { Logger } from '@gabion/telemetry/log';
import type { Database, Tx } from '../db/schema.ts';
import { Rounds } from '../rounds.ts';

/** How often what has expired is destroyed, in ms; it cannot be read from the moment it expires. */
const everyMs = 60_000;

/** What has things that expire. */
interface Expiring {
  expire(tx: Tx): Promise<void>;
}

/** Destroys what has expired. */
export class SecretExpiry extends Rounds {
  constructor(
    private readonly db: Database,
    private readonly expiring: readonly Expiring[],
    log: Logger,
  ) {
    super({ everyMs, log, complaint: 'what has expired was not destroyed, will try again' });
  }

  override begin(): void {
    void this.round();
    super.begin();
  }

  protected async work(): Promise<void> {
    await this.db.transaction(async (tx) => {
      for (const each of this.expiring) await each.expire(tx);
    });
  }
}

import type { Logger } from '@gabion/telemetry/log';
import type { Database } from '../db/schema.ts';
import { Rounds } from '../rounds.ts';
import type { Leases } from './leases.ts';
import type { Secrets } from './secrets.ts';

/** How often what has expired is destroyed, in ms; it cannot be read from the moment it expires. */
const everyMs = 60_000;

/** Destroys what has expired, and forgets leases that ended long ago. */
export class SecretExpiry extends Rounds {
  constructor(
    private readonly db: Database,
    private readonly secrets: Secrets,
    private readonly leases: Leases,
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
      await this.secrets.expire(tx);
      await this.leases.forget(tx);
    });
  }
}

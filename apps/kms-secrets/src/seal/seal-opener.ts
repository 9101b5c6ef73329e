import type { Logger } from '@gabion/telemetry/log';
import { Rounds } from '../rounds.ts';
import type { SealKeeper } from './seal-keeper.ts';

/** How often a seal that opens by itself is tried again while it does not: its holder may come back. */
const everyMs = 5000;

/** Opens a seal that opens by itself as soon as it can be. */
export class SealOpener extends Rounds {
  constructor(
    private readonly keeper: SealKeeper,
    log: Logger,
  ) {
    super({ everyMs, log, complaint: 'the seal could not be looked at, will try again' });
  }

  protected async work(): Promise<void> {
    await this.keeper.openByItself();
  }
}

import { Fault } from '@gabion/rpc/fault';
import { combine } from '@gabion/shamir/shares';
import { keyBytes } from './root-key.ts';

/** Shares given so far towards one seal's key, in the memory of this replica only. */
export class SharesGiven {
  readonly #byPlace = new Map<number, Buffer>();

  get progress(): number {
    return this.#byPlace.size;
  }

  /** Takes a share; one that was given before counts once. */
  give(share: Uint8Array): void {
    const place = share[keyBytes];
    if (share.length !== keyBytes + 1 || !place)
      throw new Fault('invalid_argument', `a share has ${keyBytes + 1} bytes, the last of which is not 0`, {
        code: 'share_malformed',
        fields: [{ field: 'share', code: 'share_malformed', message: 'is no share of this seal' }],
      });
    this.#byPlace.set(place, Buffer.from(share));
  }

  /** What the shares give, which are forgotten with it. */
  take(): Buffer {
    const key = combine([...this.#byPlace.values()]);
    this.forget();
    return key;
  }

  forget(): void {
    for (const share of this.#byPlace.values()) share.fill(0);
    this.#byPlace.clear();
  }
}

import { SealKind, type SealSettings } from '@gabion/contracts/gabion/kms/v1/seal_pb';
import { Fault } from '@gabion/rpc/fault';
import type { KeyHolders } from './key-holders.ts';
import { sealFaults } from './seal-faults.ts';
import type { StoredSealKind } from './tables.ts';

/** What a seal is to be, with the defaults filled in and checked. */
export interface WantedSeal {
  readonly kind: StoredSealKind;
  readonly threshold: number;
  readonly shares: number;
  /** Public keys of the holders, one a share; empty when shares are answered as they are. */
  readonly recipients: readonly Buffer[];
}

const kinds: ReadonlyMap<SealKind, StoredSealKind> = new Map([
  [SealKind.SHAMIR, 'shamir'],
  [SealKind.FILE, 'file'],
  [SealKind.PKCS11, 'pkcs11'],
  [SealKind.TRANSIT, 'transit'],
  [SealKind.ATTESTED, 'attested'],
]);
const stored = new Map([...kinds].map(([kind, name]) => [name, kind]));

export function sealKindOf(kind: StoredSealKind): SealKind {
  return stored.get(kind) ?? SealKind.UNSPECIFIED;
}

/** Settings from outside; throws for those that no seal can have. An attested one is offered where something attests. */
export function wantedSeal(settings: SealSettings | undefined, { attested }: KeyHolders): WantedSeal {
  const kind = kinds.get(settings?.kind ?? SealKind.UNSPECIFIED);
  if (!settings || !kind || (kind === 'attested' && !attested))
    throw new Fault('unimplemented', 'this kind of seal is not offered: use shamir, file, pkcs11 or transit', {
      code: 'seal_kind_unsupported',
    });
  if (kind !== 'shamir') {
    withoutShares(settings);
    return sealWithoutShares(kind);
  }
  const { threshold: asked, shares: askedShares } = settings;
  const threshold = asked || (askedShares ? Math.floor(askedShares / 2) + 1 : 5);
  const shares = askedShares || Math.max(9, threshold);
  if (threshold < 2 || threshold > shares)
    throw sealFaults.settingsInvalid('settings.threshold', 'is 2 at least, and no more than there are shares');
  if (settings.recipients.length > 0 && settings.recipients.length !== shares)
    throw sealFaults.settingsInvalid('settings.recipients', `has one key for each of the ${shares} shares, or none`);
  return { kind, threshold, shares, recipients: settings.recipients.map((each) => Buffer.from(each)) };
}

/** A seal that opens by itself. */
export function sealWithoutShares(kind: Exclude<StoredSealKind, 'shamir'>): WantedSeal {
  return { kind, threshold: 0, shares: 0, recipients: [] };
}

function withoutShares({ threshold, shares, recipients }: SealSettings): void {
  if (threshold || shares || recipients.length > 0)
    throw sealFaults.settingsInvalid('settings', 'only a seal by shares has shares');
}

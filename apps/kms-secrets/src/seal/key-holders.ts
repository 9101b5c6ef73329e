import type { SealConfig } from '../config.ts';
import type { KeyHolder } from './key-holder.ts';
import { Pkcs11Token } from './pkcs11-token.ts';
import { SealProblem } from './seal-problem.ts';
import type { HeldSealKind } from './tables.ts';
import { TransitKey } from './transit-key.ts';

/** Who holds the seal's key, by kind of seal. */
export type KeyHolders = Readonly<Partial<Record<HeldSealKind, KeyHolder>>>;

/** The holders that the configuration names. */
export function configuredHolders({ pkcs11, transit }: SealConfig): KeyHolders {
  return {
    ...(pkcs11 && { pkcs11: new Pkcs11Token(pkcs11) }),
    ...(transit && { transit: new TransitKey(transit) }),
  };
}

/** The holder of this kind; throws SealProblem when the service has none. */
export function holderOf(kind: HeldSealKind, holders: KeyHolders): KeyHolder {
  const holder = holders[kind];
  if (!holder) throw new SealProblem(`the seal is of the kind ${kind}, and this service is not configured with one`);
  return holder;
}

import type { SealConfig } from '../config.ts';
import type { KeyHolder } from './key-holder.ts';
import { Pkcs11Token } from './pkcs11-token.ts';
import { SealProblem } from './seal-problem.ts';
import type { HeldSealKind } from './tables.ts';
import { TransitKey } from './transit-key.ts';

/** The holder of this kind; throws SealProblem when the service is configured with none. */
export function holderOf(kind: HeldSealKind, { pkcs11, transit }: SealConfig): KeyHolder {
  if (kind === 'pkcs11' && pkcs11) return new Pkcs11Token(pkcs11);
  if (kind === 'transit' && transit) return new TransitKey(transit);
  throw new SealProblem(`the seal is of the kind ${kind}, and this service is not configured with one`);
}

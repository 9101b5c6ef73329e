import { KeyType } from '@gabion/contracts/gabion/kms/v1/keys_pb';
import { enumNames } from './enum-names.ts';

const types = enumNames<KeyType>(KeyType);

/** The type of a name among `keyTypeNames`. */
export function keyTypeOf(name: string): KeyType {
  return types.of(name) ?? KeyType.UNSPECIFIED;
}

export function keyTypeName(type: KeyType): string {
  return types.nameOf(type) ?? 'of a newer Gabion';
}

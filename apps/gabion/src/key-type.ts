import { KeyType } from '@gabion/contracts/gabion/kms/v1/keys_pb';

const byName: ReadonlyMap<string, KeyType> = new Map(
  Object.entries(KeyType).flatMap(([name, type]) =>
    typeof type === 'number' && type !== KeyType.UNSPECIFIED
      ? [[name.toLowerCase().replaceAll('_', '-'), type] as const]
      : [],
  ),
);

/** As a person writes them: "aes-256-gcm". */
export const keyTypeNames: readonly string[] = [...byName.keys()];

/** The type of a name among `keyTypeNames`. */
export function keyTypeOf(name: string): KeyType {
  return byName.get(name) ?? KeyType.UNSPECIFIED;
}

export function keyTypeName(type: KeyType): string {
  return keyTypeNames.find((name) => byName.get(name) === type) ?? 'of a newer Gabion';
}

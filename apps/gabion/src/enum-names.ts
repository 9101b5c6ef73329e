/** An enum of the contract by the names that a person writes: "aes-256-gcm" for AES_256_GCM; UNSPECIFIED has none. */
export interface EnumNames<E extends number> {
  readonly names: readonly string[];
  of(name: string): E | undefined;
  nameOf(value: E): string | undefined;
}

export function enumNames<E extends number>(ofContract: Readonly<Record<string, E | string>>): EnumNames<E> {
  const byName = new Map(
    Object.entries(ofContract).flatMap(([name, value]) =>
      typeof value === 'number' && value !== 0 ? [[name.toLowerCase().replaceAll('_', '-'), value] as const] : [],
    ),
  );
  const names = [...byName.keys()];
  return {
    names,
    of: (name) => byName.get(name),
    nameOf: (value) => names.find((name) => byName.get(name) === value),
  };
}

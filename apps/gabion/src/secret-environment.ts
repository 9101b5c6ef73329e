import { Complaint } from './complaint.ts';
import type { SecretsByPath } from './secret-template.ts';

/** A value of a secret; its only one when the name is empty. */
export interface SecretReference {
  readonly path: string;
  readonly name: string;
}

/** The variables of an environment with the values they refer to. Throws a Complaint. */
export function environmentOf(
  references: Readonly<Record<string, SecretReference>>,
  secrets: SecretsByPath,
): Record<string, string> {
  const pairs = Object.entries(references).map(([variable, reference]) => {
    const bytes = valueIn(variable, reference, secrets.get(reference.path) ?? {});
    const text = bytes.toString('utf8');
    if (!Buffer.from(text).equals(bytes) || text.includes('\0'))
      throw new Complaint(`${variable}: ${reference.path} has bytes that no environment can hold`, {
        code: 'value_not_text',
      });
    return [variable, text] as const;
  });
  return Object.fromEntries(pairs);
}

function valueIn(
  variable: string,
  { path, name }: SecretReference,
  data: Readonly<Record<string, Uint8Array>>,
): Buffer {
  const names = Object.keys(data);
  const wanted = name || (names.length === 1 ? names[0] : undefined);
  const value = wanted !== undefined && Object.hasOwn(data, wanted) ? data[wanted] : undefined;
  if (value !== undefined) return Buffer.from(value);
  throw new Complaint(`${variable}: ${path} has ${names.join(', ')}`, {
    code: wanted === undefined ? 'name_needed' : 'secret_key_missing',
    hint: 'Say which value: --env NAME=path#name',
  });
}

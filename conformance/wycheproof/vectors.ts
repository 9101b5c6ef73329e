/** A group of cases, with what they have in common. */
export type Group = Readonly<Record<string, unknown>>;
export type Texts = Readonly<Record<string, string>>;

export interface Case {
  readonly tcId: number;
  readonly comment?: string;
  readonly result: 'valid' | 'invalid' | 'acceptable';
}

/** Whether the library takes the case as valid and answers as it says; a text says why it is not asked. */
export type Runner = (test: Texts, group: Group) => boolean | string;

export function bytesOf(hex: string | undefined): Buffer {
  return Buffer.from(hex ?? '', 'hex');
}

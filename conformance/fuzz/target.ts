/** One parser of hostile bytes. */
export interface Target {
  readonly name: string;
  /** Valid inputs, of which mutations are made. */
  readonly samples: readonly Buffer[];
  /** Reads an input to the end. Resolves to whether it held anything, which every sample must. */
  run(input: Buffer): boolean | Promise<boolean>;
  /** Names of the errors that the parser may throw: its engine's own. */
  readonly errors: readonly string[];
}

/** Samples of texts. */
export function texts(...samples: readonly (string | object)[]): Buffer[] {
  return samples.map((sample) => Buffer.from(typeof sample === 'string' ? sample : JSON.stringify(sample)));
}

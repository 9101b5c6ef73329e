/** Which seal's key it is: one that was closed for another place does not open. */
export interface HeldPlace {
  readonly installation: string;
  readonly generation: number;
}

/**
 * Somebody outside of the service who closes a seal's key and opens it without a person: a token, another Gabion, one who
 * attests replicas. What it closed is kept with the seal.
 */
export interface KeyHolder {
  /** Throws SealProblem. */
  close(key: Uint8Array, place: HeldPlace): Promise<Buffer>;
  /** Throws SealProblem. */
  open(closed: Uint8Array, place: HeldPlace): Promise<Buffer>;
}

/** The place as those bind it to the key who take bytes. */
export function bindingOf({ installation, generation }: HeldPlace): string {
  return `gabion seal key\n${installation}\n${generation}`;
}

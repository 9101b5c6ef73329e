import { Fault } from '@gabion/rpc/fault';

/** Why a seal does not open by itself, for the operator to read. */
export class SealProblem extends Fault {
  /** Trying again by itself does harm: a token counts wrong PINs. */
  readonly isFinal: boolean;

  constructor(message: string, { isFinal = false } = {}) {
    super('failed_precondition', message, { code: 'seal_holder_failed' });
    this.isFinal = isFinal;
  }
}

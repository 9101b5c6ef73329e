import type { HpkeContext } from '@gabion/keys/hpke';
import type { SealRow } from '../tables.ts';

/** A sealed replica's request to be opened, as its certificate's key signs it. */
export interface OpeningRequest {
  readonly id: string;
  readonly installation: string;
  readonly generation: number;
  /** How often the seal had been closed: a request is void once it is closed again. */
  readonly closings: string;
  /** Raw X25519 key, made for this request. */
  readonly publicKey: Buffer;
  /** By the database's clock, in whole milliseconds. */
  readonly askTime: Date;
}

/** Names what is signed and sealed, so that neither passes for anything else. */
const purpose = 'gabion seal opening v1';

/** What the asking replica signs. None of the fields can hold a line break. */
export function statementOf({ id, installation, generation, closings, publicKey, askTime }: OpeningRequest): Buffer {
  const fields = [id, installation, generation, closings, publicKey.toString('base64'), askTime.toISOString()];
  return Buffer.from([purpose, 'request', ...fields].join('\n'));
}

/** What the opening replica signs: the answer for that request only. */
export function answerStatementOf(request: OpeningRequest, sealed: Buffer): Buffer {
  return Buffer.from([purpose, 'answer', statementOf(request), sealed.toString('base64')].join('\n'));
}

/** What the seal's key is sealed with for who asks. */
export function contextOf(request: OpeningRequest): HpkeContext {
  return { info: purpose, aad: statementOf(request).toString() };
}

/** Whether it was made of the seal as it is. */
export function isOf(request: OpeningRequest, row: SealRow): boolean {
  const { installation, generation, closings } = row;
  return request.installation === installation && request.generation === generation && request.closings === closings;
}

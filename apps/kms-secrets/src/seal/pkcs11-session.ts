import { randomBytes } from 'node:crypto';
import { Pkcs11Error, type Pkcs11Session, withSession } from './pkcs11-library.ts';

/** What a token is asked to do. */
export interface TokenRequest {
  /** Path of the vendor's library. */
  readonly module: string;
  /** Label of the token. */
  readonly token: string;
  /** Label of the AES key on it. */
  readonly key: string;
  readonly pin: string;
  readonly operation: 'close' | 'open';
  /** In base64. */
  readonly input: string;
  /** What the text is bound to. */
  readonly binding: string;
}

export type TokenAnswer = { readonly output: string } | { readonly problem: string; readonly isFinal: boolean };

const format = 1;
const nonceBytes = 12;
const idBytes = 16;

/** Does it; what was closed is `1 | length of the key's CKA_ID | CKA_ID | nonce | AES-256-GCM ciphertext and tag`. */
export function answerOf(request: TokenRequest): TokenAnswer {
  const input = Buffer.from(request.input, 'base64');
  const output = withSession(request, (session) =>
    request.operation === 'close' ? closed(session, request, input) : opened(session, request, input),
  );
  return { output: output.toString('base64') };
}

function closed(session: Pkcs11Session, { key, binding }: TokenRequest, input: Buffer): Buffer {
  const [present] = session.findKeys(key);
  const id = present === undefined ? randomBytes(idBytes) : session.idOf(present);
  const handle = present ?? session.makeKey(key, id);
  const nonce = randomBytes(nonceBytes);
  const text = session.encrypt(handle, { nonce, aad: Buffer.from(binding) }, input);
  return Buffer.concat([Buffer.of(format, id.length), id, nonce, text]);
}

function opened(session: Pkcs11Session, { key, binding }: TokenRequest, input: Buffer): Buffer {
  const [version, length = 0] = input;
  if (version !== format) throw new Pkcs11Error('what is kept was not closed by a token', 0);
  const id = input.subarray(2, 2 + length);
  const nonce = input.subarray(2 + length, 2 + length + nonceBytes);
  const [handle] = session.findKeys(key, id);
  if (handle === undefined) throw new Pkcs11Error(`it has no key ${key} with the id ${id.toString('hex')}`, 0);
  const text = input.subarray(2 + length + nonceBytes);
  return session.decrypt(handle, { nonce, aad: Buffer.from(binding) }, text);
}

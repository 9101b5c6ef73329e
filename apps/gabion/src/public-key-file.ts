import { KeyError } from '@gabion/keys/key-error';
import { publicKeyIn } from '@gabion/keys/public-key';
import { contentOf, nameOf, usage } from './key-input.ts';

/** A public key from a file, PEM, as it is sent. */
export async function publicKeyFrom(file: string): Promise<string> {
  const pem = (await contentOf(file)).toString('latin1').replaceAll('\r\n', '\n').trimStart();
  try {
    publicKeyIn(pem);
    return pem;
  } catch (error) {
    if (!(error instanceof KeyError)) throw error;
    throw usage(`${nameOf(file)} holds no public key in PEM (-----BEGIN PUBLIC KEY-----)`);
  }
}

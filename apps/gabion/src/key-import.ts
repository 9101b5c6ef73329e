import { createPrivateKey } from 'node:crypto';
import { toJson } from '@bufbuild/protobuf';
import { timestampDate } from '@bufbuild/protobuf/wkt';
import { KeyService, WrappingKeySchema } from '@gabion/contracts/gabion/kms/v1/keys_pb';
import { KeyError } from '@gabion/keys/key-error';
import { importedMaterial, type MaterialType } from '@gabion/keys/material';
import { publicKeyIn } from '@gabion/keys/public-key';
import { wrapForTransport } from '@gabion/keys/transport';
import { type AskOptions, askPlatform, print } from './asking.ts';
import { Complaint } from './complaint.ts';
import { bytesGiven, contentOf, nameOf, usage } from './key-input.ts';
import { type NewKeyOptions, newKey } from './key-settings.ts';
import { show } from './key-table.ts';

interface ImportOptions extends NewKeyOptions {
  readonly material?: string;
  readonly wrapped?: string;
  readonly wrappingKey?: string;
}

/** The first wrapping key of a day is made while it is waited for: RSA-4096 takes seconds on a busy machine. */
const deadlineMs = 30_000;

/** Makes a key, or a further version of an imported one, of material in a file. */
export async function importKey(name: string, options: ImportOptions): Promise<void> {
  const { material, wrapped, wrappingKey } = options;
  if ((wrapped === undefined) === (material === undefined))
    throw usage('say where the material is: --material FILE, or --wrapped FILE with --wrapping-key ID');
  if ((wrapped === undefined) !== (wrappingKey === undefined))
    throw usage('--wrapped and --wrapping-key are told together', 'See `gabion keys wrapping-key`.');
  const key = newKey(name, options);
  if (material !== undefined) return importMaterial(key, await materialIn(material, options.type), options);
  const request = {
    key,
    wrappingKeyId: wrappingKey ?? '',
    wrappedMaterial: await bytesGiven(wrapped ?? '', 'material'),
  };
  show(await askPlatform(options, ({ client, as }) => client(KeyService).importKey(request, as)), options);
}

/** Prints the key to which material is wrapped before it comes here. */
export async function showWrappingKey(options: AskOptions): Promise<void> {
  const found = await askPlatform(options, ({ client, as }) =>
    client(KeyService).getWrappingKey({}, { ...as, deadlineMs }),
  );
  if (options.json) return print(toJson(WrappingKeySchema, found, { alwaysEmitImplicit: true }));
  const until = found.expireTime ? timestampDate(found.expireTime).toISOString() : 'some time';
  process.stderr.write(`Wrapping key ${found.id}, in force until ${until}\n`);
  process.stdout.write(found.publicKeyPem);
}

/** The material is wrapped here, so that it travels closed within TLS, and where TLS ends too. */
async function importMaterial(key: ReturnType<typeof newKey>, material: Buffer, options: ImportOptions): Promise<void> {
  try {
    const made = await askPlatform(options, async ({ client, as }) => {
      const { id: wrappingKeyId, publicKeyPem } = await client(KeyService).getWrappingKey({}, { ...as, deadlineMs });
      const wrappedMaterial = wrapForTransport(publicKeyIn(publicKeyPem), material);
      return client(KeyService).importKey({ key, wrappingKeyId, wrappedMaterial }, as);
    });
    show(made, options);
  } finally {
    material.fill(0);
  }
}

/** Sound material of the type; a Complaint says what it is not. */
async function materialIn(file: string, typeName: string): Promise<Buffer> {
  const type = materialTypeOf(typeName);
  const isRaw = type === 'symmetric-256' || type === 'hmac';
  const content = await contentOf(file);
  const isPem = content.toString('latin1', 0, 256).trimStart().startsWith('-----BEGIN ');
  try {
    if (isPem && isRaw) throw new KeyError('key_malformed', `a key of type ${typeName} is raw bytes, not PEM`);
    return importedMaterial(type, isPem ? derOf(content) : content);
  } catch (error) {
    if (!(error instanceof KeyError)) throw error;
    const hint = isRaw ? rawHint : error.message.startsWith('the key is not of') ? undefined : pkcs8Hint;
    throw new Complaint(`${nameOf(file)}: ${error.message}`, { code: error.code, ...(hint && { hint }) });
  } finally {
    content.fill(0);
  }
}

const rawHint =
  'The file is the key itself, neither in base64 nor in hexadecimal, without a line end: openssl rand 32 > FILE';
const pkcs8Hint = 'Give PKCS #8 in PEM or DER: openssl pkcs8 -topk8 -nocrypt -in KEY';

function derOf(pem: Buffer): Buffer {
  try {
    return createPrivateKey({ key: pem, format: 'pem' }).export({ format: 'der', type: 'pkcs8' });
  } catch {
    const isClosed = pem.includes('ENCRYPTED');
    throw new KeyError(
      'key_malformed',
      isClosed ? 'the key is closed by a passphrase' : 'that is no private key in PEM',
    );
  }
}

/** The four ciphers of 256 bits have the same material; other types are called as their material is. */
function materialTypeOf(typeName: string): MaterialType {
  const isCipher = typeName.startsWith('aes-') || typeName.includes('chacha');
  return isCipher ? 'symmetric-256' : (typeName as MaterialType);
}

import { createPrivateKey, createPublicKey, generateKeyPair } from 'node:crypto';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { promisify } from 'node:util';
import { toJson } from '@bufbuild/protobuf';
import { ExportKeyResponseSchema, KeyService, KeyType } from '@gabion/contracts/gabion/kms/v1/keys_pb';
import { pemOf } from '@gabion/keys/public-key';
import { unwrapFromTransport } from '@gabion/keys/transport';
import { type AskOptions, askPlatform, print } from './asking.ts';
import { base64Of } from './base64.ts';
import { Complaint } from './complaint.ts';
import { nameOf, usage } from './key-input.ts';
import { publicKeyFrom } from './public-key-file.ts';

interface ExportOptions extends AskOptions {
  readonly to?: string;
  readonly output?: string;
  readonly at?: number;
}

/** Exports a version, wrapped to somebody's key or into a file. */
export async function exportKey(key: string, options: ExportOptions): Promise<void> {
  const { to, output } = options;
  if ((to === undefined) === (output === undefined))
    throw usage('say where it goes: --to PUBLIC_KEY.pem, or --output FILE');
  if (to !== undefined) return exportWrapped(key, to, options);
  await exportToFile(key, output ?? '', options);
}

async function exportWrapped(key: string, to: string, options: ExportOptions): Promise<void> {
  const publicKeyPem = await publicKeyFrom(to);
  const { asymmetricKeyType, asymmetricKeyDetails } = createPublicKey(publicKeyPem);
  if (asymmetricKeyType !== 'rsa' || (asymmetricKeyDetails?.modulusLength ?? 0) < 2048)
    throw usage(`${nameOf(to)} holds no RSA key of 2048 bits at least`);
  const request = { key, version: options.at ?? 0, publicKeyPem };
  const answer = await askPlatform(options, ({ client, as }) => client(KeyService).exportKey(request, as));
  if (options.json) return print(toJson(ExportKeyResponseSchema, answer, { alwaysEmitImplicit: true }));
  process.stdout.write(`${base64Of(answer.wrappedMaterial)}\n`);
}

/** The file is made first: an export is recorded, and must not be in vain. */
async function exportToFile(key: string, output: string, options: ExportOptions): Promise<void> {
  const file = await newFile(output);
  try {
    const { type, version, material } = await unwrapped(key, options);
    const content = isRaw(type) ? material : pkcs8Of(material);
    await file.writeFile(content);
    await file.sync();
    material.fill(0);
    content.fill(0);
    if (options.json) return print({ file: output, version });
    process.stdout.write(`Version ${version} of ${key} is in ${output}, which you alone may read\n`);
  } catch (error) {
    await unlink(output).catch(() => {});
    throw error;
  } finally {
    await file.close();
  }
}

/** The material, wrapped on its way to a key that lives as long as this call. */
async function unwrapped(key: string, options: ExportOptions) {
  const { publicKey, privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 3072 });
  return askPlatform(options, async ({ client, as }) => {
    const { type } = await client(KeyService).getKey({ key }, as);
    const request = { key, version: options.at ?? 0, publicKeyPem: pemOf(publicKey) };
    const { version, wrappedMaterial } = await client(KeyService).exportKey(request, as);
    return { type, version, material: unwrapFromTransport(privateKey, wrappedMaterial) };
  });
}

/** Made here and now, for its owner only; one that is there is never written to, nor is what a link names. */
async function newFile(path: string): Promise<FileHandle> {
  return open(path, 'wx', 0o600).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'EEXIST') throw new Complaint(`${path} is there already`, { code: 'file_exists', cause });
    throw new Complaint(`${path} cannot be written`, { code: 'file_unwritable', cause });
  });
}

const rawTypes: ReadonlySet<KeyType> = new Set([
  KeyType.AES_256_GCM,
  KeyType.AES_256_GCM_SIV,
  KeyType.CHACHA20_POLY1305,
  KeyType.XCHACHA20_POLY1305,
  KeyType.HMAC,
]);

function isRaw(type: KeyType): boolean {
  return rawTypes.has(type);
}

function pkcs8Of(material: Buffer): Buffer {
  const key = createPrivateKey({ key: material, format: 'der', type: 'pkcs8' });
  return Buffer.from(key.export({ format: 'pem', type: 'pkcs8' }));
}

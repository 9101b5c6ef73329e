import { type Command, InvalidArgumentError, Option } from 'commander';
import { examples } from '../examples.ts';
import { newKey, settable, typeOption } from './key-settings-command.ts';
import { machineReadable, versionOption } from './options.ts';

/** `gabion keys import` and `export`: material that was made elsewhere, or is needed there. */
export function keyTransfer(group: Command): void {
  importing(group);
  exporting(group);
}

function importing(group: Command): void {
  settable(newKey(machineReadable(group.command('import'))))
    .summary('Makes a key of material in a file.')
    .description(
      'Makes a key of material in a file, or a further version of a key that was imported, whose settings stay. The material is wrapped to a key of the service before it leaves this machine.',
    )
    .addOption(typeOption().makeOptionMandatory())
    .option(
      '--material <file>',
      'raw bytes of a symmetric key, PKCS #8 (PEM or DER) of a private one; "-" is standard input',
    )
    .option('--wrapped <file>', 'material that was wrapped elsewhere, its bytes or base64')
    .addOption(new Option('--wrapping-key <id>', 'the key to which it was wrapped').argParser(uuid))
    .action(async (name, options) => (await import('../key-import.ts')).importKey(name, options))
    .addHelpText(
      'after',
      examples([
        'openssl rand 32 | gabion keys import app --type aes-256-gcm --material -',
        'gabion keys import web --type ecdsa-p256 --material web.key.pem --exportable',
        'gabion keys import app --type aes-256-gcm --wrapped app.wrapped --wrapping-key 0b0c…',
      ]),
    );
  machineReadable(group.command('wrapping-key'))
    .description('Prints the public key to which material is wrapped elsewhere, PEM; its id on standard error.')
    .action(async (options) => (await import('../key-import.ts')).showWrappingKey(options))
    .addHelpText(
      'after',
      '\nMaterial is wrapped as CKM_RSA_AES_KEY_WRAP does: an AES-256 key by RSA-OAEP with SHA-256, then the material by\nAES-KWP (RFC 5649) with that key.',
    )
    .addHelpText(
      'after',
      examples(['gabion keys wrapping-key > gabion.pem', 'gabion keys wrapping-key --json | jq -r .id']),
    );
}

function exporting(group: Command): void {
  machineReadable(group.command('export'))
    .summary('Exports a key that was created exportable.')
    .description(
      'Exports a version of a key that was created exportable: wrapped to a public key, or opened into a new file of yours (0600).',
    )
    .argument('<key>', 'id, name or alias')
    .option('--to <file>', 'RSA public key, PEM: prints the material wrapped to it, in base64')
    .option('--output <file>', 'PKCS #8 PEM of a private key, raw bytes of a symmetric one; must not be there yet')
    .addOption(versionOption())
    .action(async (key, options) => (await import('../key-export.ts')).exportKey(key, options))
    .addHelpText(
      'after',
      examples([
        'gabion keys export web --output web.key.pem',
        'gabion keys export app --to other.pem > app.wrapped   # other.pem: gabion keys wrapping-key, elsewhere',
      ]),
    );
}

function uuid(text: string): string {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text))
    throw new InvalidArgumentError('must be an id as `gabion keys wrapping-key` tells it');
  return text;
}

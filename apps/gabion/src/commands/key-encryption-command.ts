import { type Command, Option } from 'commander';
import { examples } from '../examples.ts';
import { contextOption, from, machineReadable, versionOption } from './options.ts';

/** `gabion keys encrypt` and its kin, and the bytes that keys give: data keys, derived ones, random ones. */
export function keyEncryption(group: Command): void {
  ciphertexts(group);
  rewrapping(group);
  dataKeys(group);
  otherBytes(group);
}

function ciphertexts(group: Command): void {
  machineReadable(group.command('encrypt'))
    .description('Encrypts standard input and prints the ciphertext in base64.')
    .argument('<key>', 'id, name or alias')
    .addOption(contextOption())
    .option('--batch', 'each line of standard input is a plaintext in base64; its ciphertext is the same line')
    .action(async (key, options) => {
      if (options.batch) return (await import('../key-batches.ts')).encryptLines(key, options);
      return (await import('../key-encryption.ts')).encrypt(key, options);
    })
    .addHelpText(
      'after',
      examples([
        'gabion keys encrypt app --context purpose=backup < plain > closed',
        'gabion keys encrypt app --batch < plaintexts.base64 > ciphertexts',
      ]),
    );
  machineReadable(group.command('decrypt'))
    .description('Decrypts a ciphertext in base64 from standard input; it must be told the same context.')
    .addOption(contextOption('what the ciphertext was bound to; repeatable'))
    .option('--batch', 'each line is a ciphertext; its plaintext is the same line, in base64')
    .action(async (options) => {
      if (options.batch) return (await import('../key-batches.ts')).decryptLines(options);
      return (await import('../key-encryption.ts')).decrypt(options);
    })
    .addHelpText('after', refusedLines)
    .addHelpText('after', examples(['gabion keys decrypt --context purpose=backup < closed']));
}

function rewrapping(group: Command): void {
  machineReadable(group.command('rewrap'))
    .description(
      'Closes each line of standard input, a ciphertext in base64, again with the present version of a key; no plaintext leaves the key service.',
    )
    .argument('<key>', 'id, name or alias of the key to close with; another one may have closed them')
    .addOption(contextOption('what the ciphertexts are bound to, before and after; repeatable'))
    .action(async (key, options) => (await import('../key-batches.ts')).rewrapLines(key, options))
    .addHelpText('after', refusedLines)
    .addHelpText('after', examples(['gabion keys rotate app && gabion keys rewrap app < closed > closed-anew']));
}

const refusedLines =
  '\nA line that is refused is empty in the answer and named on standard error; the exit code is 2 then.';

function dataKeys(group: Command): void {
  machineReadable(group.command('data-key'))
    .description(
      'Prints a new data key in base64 and, on the next line, its ciphertext, which `gabion keys decrypt` opens.',
    )
    .argument('<key>', 'id, name or alias')
    .addOption(new Option('--bytes <count>', 'how long').argParser(from(1, 512)).default(32))
    .addOption(contextOption())
    .option('--without-plaintext', 'the ciphertext only, for who will open it later')
    .action(async (key, options) => (await import('../key-bytes.ts')).dataKey(key, options))
    .addHelpText(
      'after',
      examples([
        '{ read -r plain; read -r closed; } < <(gabion keys data-key app --context file=db.dump)',
        'gabion keys data-key app --without-plaintext > backup.key',
      ]),
    );
}

function otherBytes(group: Command): void {
  machineReadable(group.command('derive'))
    .description('Prints bytes that a key gives for a context, the same ones each time (HKDF).')
    .argument('<key>', 'id, name or alias')
    .addOption(contextOption('what the bytes are for; repeatable').makeOptionMandatory())
    .addOption(new Option('--bytes <count>', 'how many').argParser(from(1, 512)).default(32))
    .option('--peer <file>', 'public key of the other side, PEM: for keys of type x25519')
    .addOption(formatOption())
    .addOption(versionOption())
    .action(async (key, options) => (await import('../key-bytes.ts')).derive(key, options))
    .addHelpText(
      'after',
      examples([
        'gabion keys derive app --context purpose=cookies --format hex',
        'gabion keys derive meeting --peer theirs.pem --context purpose=session',
      ]),
    );
  machineReadable(group.command('random'))
    .description('Prints random bytes of the key service.')
    .argument('<bytes>', '1 to 65536', from(1, 65_536))
    .addOption(formatOption())
    .action(async (count, options) => (await import('../key-bytes.ts')).random(count, options))
    .addHelpText('after', examples(['gabion keys random 32', 'gabion keys random 16 --format hex']));
}

function formatOption(): Option {
  return new Option('--format <format>', 'how they are written').choices(['base64', 'hex']).default('base64');
}

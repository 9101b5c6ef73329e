import { type Command, InvalidArgumentError, Option } from 'commander';
import { dataOption } from '../data-option.ts';
import { examples } from '../examples.ts';
import { keyTypeNames } from '../key-type.ts';
import { machineReadable, pair } from './options.ts';

/** `gabion keys`: keys that never leave the key service. */
export function keys(gabion: Command): void {
  const group = gabion.command('keys').description('Keys that never leave the key service.');
  managing(group);
  custody(group);
  using(group);
}

function managing(group: Command): void {
  machineReadable(group.command('create'))
    .description('Makes a key.')
    .argument('<name>', 'small letters, digits, ".", "_" and "-"')
    .addOption(new Option('--type <type>', 'what kind of key').choices(keyTypeNames).default('aes-256-gcm'))
    .option('--exportable', 'its material can be exported; cannot be changed afterwards')
    .addOption(new Option('--rotate-every <days>', 'rotates by itself; never unless told').argParser(days))
    .action(async (name, options) => (await import('../keys.ts')).createKey(name, options))
    .addHelpText(
      'after',
      examples(['gabion keys create app --rotate-every 90', 'gabion keys create release --type ed25519']),
    );
  machineReadable(group.command('list'))
    .description('Lists the keys by name.')
    .action(async (options) => (await import('../keys.ts')).listKeys(options))
    .addHelpText('after', examples(['gabion keys list --json | jq -r .keys[].name']));
  ofKey(group, 'show', 'Shows a key with its versions.', 'showKey');
  ofKey(group, 'rotate', 'Makes a new version; the older ones go on opening what they closed.', 'rotateKey');
  ofKey(group, 'disable', 'Disables a key; refused, with its users, while it is in use.', 'disableKey');
  ofKey(group, 'enable', 'Enables a key again.', 'enableKey');
  ofKey(group, 'users', 'Lists who depends on a key.', 'listKeyUsers');
  ofKey(group, 'public', 'Prints the public key of the present version, PEM.', 'showPublicKey');
}

function custody(group: Command): void {
  const custodian = () => import('../key-custody.ts');
  machineReadable(group.command('delete'))
    .description('Has a key destroyed after a waiting time; refused, with its users, while it is in use.')
    .argument('<key>', 'id, name or alias')
    .addOption(new Option('--days <days>', 'waiting time, 7 to 90').argParser(days).default(30))
    .action(async (key, options) => (await custodian()).deleteKey(key, options))
    .addHelpText('after', examples(['gabion keys delete app --days 7', 'gabion keys keep app']));
  machineReadable(group.command('keep'))
    .description('Takes a deletion back while its waiting time lasts.')
    .argument('<key>', 'id or name')
    .action(async (key, options) => (await custodian()).keepKey(key, options))
    .addHelpText('after', examples(['gabion keys keep app']));
  machineReadable(group.command('alias'))
    .description('Points an alias at a key.')
    .argument('<alias>', 'small letters, digits, ".", "_" and "-"')
    .argument('<key>', 'id, name or alias')
    .action(async (alias, key, options) => (await custodian()).putAlias(alias, key, options))
    .addHelpText('after', examples(['gabion keys alias signing release-2027']));
  machineReadable(group.command('csr'))
    .description('Prints a certificate request of a key, PEM.')
    .argument('<key>', 'id, name or alias')
    .requiredOption('--subject <name>', 'RFC 4514, for example CN=db.example,O=Example')
    .option('--dns <names...>', 'host names')
    .action(async (key, options) => (await custodian()).certificateRequest(key, options))
    .addHelpText('after', examples(['gabion keys csr web --subject CN=web.example --dns web.example']));
  machineReadable(group.command('backup'))
    .description('Prints a backup of a key, closed by the root key, to standard output.')
    .argument('<key>', 'id, name or alias')
    .action(async (key, options) => (await custodian()).backUpKey(key, options))
    .addHelpText('after', examples(['gabion keys backup app > app.backup']));
  machineReadable(group.command('restore'))
    .description('Restores a key from a backup on standard input.')
    .action(async (options) => (await custodian()).restoreKey(options))
    .addHelpText('after', examples(['gabion keys restore < app.backup']));
}

function using(group: Command): void {
  contextual(group.command('encrypt'))
    .description('Encrypts standard input and prints the ciphertext in base64.')
    .argument('<key>', 'id, name or alias')
    .action(async (key, options) => (await import('../keys.ts')).encrypt(key, options))
    .addHelpText('after', examples(['gabion keys encrypt app --context purpose=backup < plain > closed']));
  contextual(group.command('decrypt'))
    .description('Decrypts a ciphertext in base64 from standard input; it must be told the same context.')
    .action(async (options) => (await import('../keys.ts')).decrypt(options))
    .addHelpText('after', examples(['gabion keys decrypt --context purpose=backup < closed']));
}

type OfKey = 'showKey' | 'rotateKey' | 'disableKey' | 'enableKey' | 'listKeyUsers' | 'showPublicKey';

function ofKey(group: Command, name: string, description: string, does: OfKey): void {
  machineReadable(group.command(name))
    .description(description)
    .argument('<key>', 'id, name or alias')
    .action(async (key, options) => (await import('../keys.ts'))[does](key, options))
    .addHelpText('after', examples([`gabion keys ${name} app`]));
}

function contextual(command: Command): Command {
  return command
    .addOption(new Option('--context <name=value>', 'binds the ciphertext to it; repeatable').argParser(pair))
    .addOption(dataOption());
}

function days(text: string): number {
  const number = Number(text);
  if (!/^\d{1,4}$/.test(text) || number < 1) throw new InvalidArgumentError('must be days, 1 at least');
  return number;
}

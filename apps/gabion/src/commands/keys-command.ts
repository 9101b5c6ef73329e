import { type Command, Option } from 'commander';
import { examples } from '../examples.ts';
import { keyCustody } from './key-custody-command.ts';
import { keyEncryption } from './key-encryption-command.ts';
import { keyPolicy } from './key-policy-command.ts';
import { keySettings, tenant } from './key-settings-command.ts';
import { keySigning } from './key-signing-command.ts';
import { keyTransfer } from './key-transfer-command.ts';
import { machineReadable } from './options.ts';

/** `gabion keys`: keys that never leave the key service. */
export function keys(gabion: Command): void {
  const group = gabion.command('keys').description('Keys that never leave the key service.');
  managing(group.commandsGroup('Keys:'));
  keyPolicy(group);
  keyCustody(group.commandsGroup('Custody:'));
  keyTransfer(group);
  keyEncryption(group.commandsGroup('Encryption:'));
  keySigning(group.commandsGroup('Signatures:'));
}

function managing(group: Command): void {
  keySettings(group);
  machineReadable(group.command('list'))
    .description('Lists the keys by name.')
    .addOption(new Option('--tenant <tenant>', 'only those of a tenant').argParser(tenant))
    .option('--include-destroyed', 'those that are gone, too')
    .action(async (options) => (await import('../keys.ts')).listKeys(options))
    .addHelpText('after', examples(['gabion keys list --tenant shop', 'gabion keys list --json | jq -r .keys[].name']));
  ofKey(group, 'show', 'Shows a key with its versions.', 'showKey');
  ofKey(group, 'rotate', 'Makes a new version; the older ones go on opening what they closed.', 'rotateKey');
  ofKey(group, 'disable', 'Disables a key; refused, with its users, while it is in use.', 'disableKey');
  ofKey(group, 'enable', 'Enables a key again.', 'enableKey');
  ofKey(group, 'users', 'Lists who depends on a key.', 'listKeyUsers');
  ofKey(group, 'public', 'Prints the public key of the present version, PEM.', 'showPublicKey');
}

type OfKey = 'showKey' | 'rotateKey' | 'disableKey' | 'enableKey' | 'listKeyUsers' | 'showPublicKey';

function ofKey(group: Command, name: string, description: string, does: OfKey): void {
  machineReadable(group.command(name))
    .description(description)
    .argument('<key>', 'id, name or alias')
    .action(async (key, options) => (await import('../keys.ts'))[does](key, options))
    .addHelpText('after', examples([`gabion keys ${name} app`]));
}

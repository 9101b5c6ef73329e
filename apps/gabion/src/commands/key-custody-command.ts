import { type Command, Option } from 'commander';
import { examples } from '../examples.ts';
import { from, machineReadable } from './options.ts';

/** `gabion keys delete`, `alias`, `backup` and their kin. */
export function keyCustody(group: Command): void {
  const custodian = () => import('../key-custody.ts');
  machineReadable(group.command('delete'))
    .description('Has a key destroyed after a waiting time; refused, with its users, while it is in use.')
    .argument('<key>', 'id, name or alias')
    .addOption(new Option('--days <days>', 'waiting time, 7 to 90').argParser(from(1, 9999)).default(30))
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

import { type Command, Option } from 'commander';
import { examples } from '../examples.ts';
import { machineReadable, number, pair } from './options.ts';

/** `gabion secrets put`, `get` and their kin: versioned secrets by path. */
export function secretValues(group: Command): void {
  machineReadable(group.command('put'))
    .description('Stores the next version of a secret: standard input, or files under names.')
    .argument('<path>', 'for example team/db')
    .addOption(new Option('--file <name=file>', 'a value from a file; repeatable').argParser(pair))
    .addOption(new Option('--metadata <name=value>', 'not secret; repeatable').argParser(pair))
    .addOption(new Option('--expect <version>', 'only in place of this version; 0 for a new secret').argParser(number))
    .addOption(new Option('--expire-days <days>', 'not readable afterwards').argParser(number))
    .addOption(new Option('--max-versions <count>', 'older ones are destroyed').argParser(number))
    .action(async (path, options) => (await import('../secret-values.ts')).putSecret(path, options))
    .addHelpText(
      'after',
      examples([
        'gabion secrets put team/db < password',
        'gabion secrets put tls/web --file key=web.key --file cert=web.crt --expect 3',
      ]),
    );
  machineReadable(group.command('get'))
    .description('Prints a value, byte for byte. Who read which version is recorded.')
    .argument('<path>')
    .addOption(new Option('--at <version>', 'an earlier version; the current one unless told').argParser(number))
    .option('--name <name>', 'which value, where there are several')
    .action(async (path, options) => (await import('../secret-values.ts')).getSecret(path, options))
    .addHelpText('after', examples(['gabion secrets get team/db', 'gabion secrets get tls/web --name key > web.key']));
  machineReadable(group.command('list'))
    .description('Lists paths, without values.')
    .option('--below <path>', 'only those below it')
    .action(async (options) => (await import('../secret-values.ts')).listSecrets(options))
    .addHelpText('after', examples(['gabion secrets list --below team']));
  machineReadable(group.command('show'))
    .description('Shows the versions of a secret, without values.')
    .argument('<path>')
    .action(async (path, options) => (await import('../secret-values.ts')).showSecret(path, options))
    .addHelpText('after', examples(['gabion secrets show team/db']));
  versions(group, 'delete', 'Deletes versions, the current one unless told; they can be brought back.', 'deleteSecret');
  versions(group, 'undelete', 'Brings deleted versions back.', 'undeleteSecret');
  versions(group, 'destroy', 'Destroys versions for good.', 'destroySecret').option('--all', 'the whole secret');
}

type OfVersions = 'deleteSecret' | 'undeleteSecret' | 'destroySecret';

function versions(group: Command, name: string, description: string, does: OfVersions): Command {
  return machineReadable(group.command(name))
    .description(description)
    .argument('<path>')
    .addOption(new Option('--versions <numbers>', 'with commas between them').argParser(numbers))
    .action(async (path, options) => (await import('../secret-values.ts'))[does](path, options))
    .addHelpText('after', examples([`gabion secrets ${name} team/db --versions 1,2`]));
}

function numbers(text: string): number[] {
  return text.split(',').map((each) => number(each.trim()));
}

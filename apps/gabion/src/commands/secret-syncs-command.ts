import { type Command, InvalidArgumentError, Option } from 'commander';
import { examples } from '../examples.ts';
import { machineReadable, pair } from './options.ts';

/** `gabion secrets sync` and its kin: secrets that are kept as Secrets in clusters. */
export function secretSyncs(group: Command): void {
  machineReadable(group.command('sync'))
    .description('Keeps a secret as a Secret in a cluster: each version is written, and changes of others are found.')
    .argument('<path>', 'for example team/db')
    .requiredOption('--cluster <name>', 'one that was added with its kubeconfig')
    .requiredOption('--namespace <name>', 'where the Secret is')
    .option('--name <name>', 'of the Secret; the path with dashes unless told')
    .option('--type <type>', 'of the Secret; Opaque unless told')
    .addOption(
      new Option('--key <key=name>', 'a value under this key; all values unless told; repeatable').argParser(pair),
    )
    .addOption(
      new Option('--on-drift <what>', 'what is done with changes of others')
        .choices(['repair', 'report'])
        .default('repair'),
    )
    .addOption(new Option('--every-seconds <seconds>', 'how often it is looked at (60)').argParser(seconds))
    .option('--adopt', "take over a Secret that is there and not Gabion's")
    .action(async (path, options) => (await import('../secret-syncs.ts')).putSync(path, options))
    .addHelpText(
      'after',
      examples([
        'gabion secrets sync team/db --cluster prod --namespace shop',
        'gabion secrets sync team/db --cluster prod --namespace shop --name db --key DB_PASSWORD=value --on-drift report',
      ]),
    );
  machineReadable(group.command('syncs'))
    .description('Lists what is kept in clusters, and how it stands; exit code 1 when something is not in step.')
    .option('--cluster <name>', 'in this cluster')
    .option('--of <path>', 'of this secret')
    .action(async (options) => (await import('../secret-syncs.ts')).listSyncs(options))
    .addHelpText('after', examples(['gabion secrets syncs', 'gabion secrets syncs --cluster prod']));
  machineReadable(group.command('check'))
    .description('Looks at the Secret of a sync now.')
    .argument('<id>', 'of the sync')
    .action(async (id, options) => (await import('../secret-syncs.ts')).checkSync(id, options))
    .addHelpText('after', examples(['gabion secrets check 0b0c…']));
  machineReadable(group.command('unsync'))
    .description('Ends a sync; its Secret stays as it is.')
    .argument('<id>', 'of the sync')
    .option('--remove-target', 'remove the Secret, too')
    .action(async (id, options) => (await import('../secret-syncs.ts')).deleteSync(id, options))
    .addHelpText('after', examples(['gabion secrets unsync 0b0c… --remove-target']));
}

function seconds(text: string): number {
  const number = Number(text);
  if (!/^\d{1,5}$/.test(text) || number < 5 || number > 86_400) throw new InvalidArgumentError('must be 5 to 86400');
  return number;
}

import { type Command, Option } from 'commander';
import { examples } from '../examples.ts';
import { machineReadable, pair } from './options.ts';

/** `gabion secrets policy`: who may do what with which paths. */
export function secretPolicies(secrets: Command): void {
  const group = secrets.command('policy').description('Who may do what with secrets, by path.');
  machineReadable(group.command('set'))
    .description(
      'Sets who may do what with a path, with those below one, or with all; whoever is not named is refused.',
    )
    .argument('<path>', "team/db, 'team/*' or '*'; the most specific one decides")
    .addOption(
      new Option(
        '--allow <caller=operations>',
        'id of a user or service account, or service:<name>; read, write, delete, destroy, list, rotate, revoke; repeatable',
      )
        .argParser(pair)
        .makeOptionMandatory(),
    )
    .action(async (path, options) => (await import('../secret-policies.ts')).setPolicy(path, options))
    .addHelpText(
      'after',
      examples([
        "gabion secrets policy set 'team/*' --allow 0192f0c1-…=read,list --allow 0192f0c2-…=read,write,list",
        'gabion secrets policy set \'*\' --allow "$(gabion token whoami --json | jq -r .id)=read,write,list"',
      ]),
    );
  machineReadable(group.command('list'))
    .description('Lists policies by path.')
    .action(async (options) => (await import('../secret-policies.ts')).listPolicies(options))
    .addHelpText('after', examples(['gabion secrets policy list']));
  machineReadable(group.command('show'))
    .description('Shows a policy.')
    .argument('<path>')
    .action(async (path, options) => (await import('../secret-policies.ts')).showPolicy(path, options))
    .addHelpText('after', examples(["gabion secrets policy show 'team/*'"]));
  machineReadable(group.command('remove'))
    .description('Removes a policy: the next wider one decides, or the path is open.')
    .argument('<path>')
    .action(async (path, options) => (await import('../secret-policies.ts')).removePolicy(path, options))
    .addHelpText('after', examples(["gabion secrets policy remove 'team/*'"]));
}

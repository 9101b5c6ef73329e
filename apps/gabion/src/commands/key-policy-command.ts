import { type Command, Option } from 'commander';
import { examples } from '../examples.ts';
import { machineReadable } from './options.ts';

/** `gabion keys policy`: who may do what with a key. */
export function keyPolicy(group: Command): void {
  const policy = group.command('policy').description('Who may do what with a key, beside the permissions of roles.');
  machineReadable(policy.command('show'))
    .description('Prints the statements of a key, YAML.')
    .argument('<key>', 'id, name or alias')
    .action(async (key, options) => (await import('../key-policy.ts')).showPolicy(key, options))
    .addHelpText('after', examples(['gabion keys policy show app > app.policy']));
  machineReadable(policy.command('set'))
    .description(
      'Sets the statements of a key, in place of those before. A use that no statement allows is refused from then on.',
    )
    .argument('<key>', 'id, name or alias')
    .option('--file <file>', 'statements, YAML or JSON; "-" is standard input')
    .addOption(
      new Option(
        '--allow <statement>',
        'caller=ID,operations=encrypt+decrypt[,context=name:value][,rate=N]; repeatable',
      ).argParser((text: string, before: string[] = []) => [...before, text]),
    )
    .action(async (key, options) => (await import('../key-policy.ts')).setPolicy(key, options))
    .addHelpText('after', form)
    .addHelpText(
      'after',
      examples([
        'gabion keys policy set app --allow caller=service:shop,operations=encrypt+decrypt,context=tenant:a',
        'gabion keys policy show app > app.policy && vi app.policy && gabion keys policy set app --file app.policy',
      ]),
    );
  machineReadable(policy.command('clear'))
    .description('Takes all statements away: roles alone say who may use the key.')
    .argument('<key>', 'id, name or alias')
    .action(async (key, options) => (await import('../key-policy.ts')).clearPolicy(key, options))
    .addHelpText('after', examples(['gabion keys policy clear app']));
}

const form = `
A caller is the id of a user or service account (gabion token whoami), or service:NAME. Operations are encrypt, decrypt,
sign, verify, mac, verify-mac, derive, encapsulate, decapsulate, generate-data-key, rewrap and export. A file:
  statements:
    - callers: [0192f0c1-…, service:shop]
      operations: [encrypt, decrypt]
      context: { tenant: a }          # what the use has to name; anything unless told
      maxOperationsPerSecond: 100     # of these callers together; no bound unless told`;

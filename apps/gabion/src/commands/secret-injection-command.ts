import { type Command, InvalidArgumentError, Option } from 'commander';
import { dataOption } from '../data-option.ts';
import { examples } from '../examples.ts';
import type { SecretReference } from '../secret-environment.ts';

/** `gabion secrets render` and `run`: secrets where programs look for them. */
export function secretInjection(group: Command): void {
  group
    .command('render')
    .description('Replaces {{ secret "path" "name" }} in a template; nothing is written unless all are there.')
    .argument('<template>', 'a file, or - for standard input')
    .option('--output <file>', 'written whole or not at all; standard output unless told')
    .addOption(new Option('--mode <mode>', 'of the file, octal (0600)').argParser(octal))
    .addOption(dataOption())
    .action(async (template, options) => (await import('../secret-injection.ts')).renderTemplate(template, options))
    .addHelpText(
      'after',
      `
Filters stand behind the name: | trim, | base64, | json (a text in JSON, with its quotes). A text in quotes stands for
itself: {{ "{{" }}. Each path is read once, and recorded once.
${examples(['gabion secrets render app.conf.tmpl --output app.conf', `echo '{{ secret "team/db" "password" | json }}' | gabion secrets render -`])}`,
    );
  group
    .command('run')
    .description(
      'Runs a command with secrets in its environment; it gets the signals, and its exit code is the answer.',
    )
    .argument('<command...>', 'behind --')
    .addOption(
      new Option('--env <NAME=path#name>', 'a variable; the only value of the path without #name; repeatable')
        .argParser(reference)
        .makeOptionMandatory(),
    )
    .addOption(dataOption())
    .action(async (command, options) => (await import('../secret-injection.ts')).runWithSecrets(command, options))
    .addHelpText('after', examples(['gabion secrets run --env PGPASSWORD=team/db#password -- psql -h db app']));
}

function reference(text: string, before: Record<string, SecretReference> = {}): Record<string, SecretReference> {
  const [, variable = '', path = '', name = ''] = /^([A-Za-z_][A-Za-z0-9_]*)=([^#]+)(?:#(.+))?$/s.exec(text) ?? [];
  if (!variable) throw new InvalidArgumentError('must be NAME=path#name');
  return { ...before, [variable]: { path, name } };
}

function octal(text: string): number {
  if (!/^0?[0-7]{3}$/.test(text)) throw new InvalidArgumentError('must be octal, for example 0640');
  return Number.parseInt(text, 8);
}

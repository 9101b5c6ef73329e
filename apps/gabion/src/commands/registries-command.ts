import { type Command, InvalidArgumentError, Option } from 'commander';
import { examples } from '../examples.ts';
import { machineReadable } from './options.ts';

/** `gabion registries` and `gabion sweeps`: what is scanned as a whole. */
export function registries(gabion: Command): void {
  const group = gabion.command('registries').description('Registries that are scanned as a whole or tell of pushes.');
  scoped(machineReadable(group.command('add')))
    .description('Adds a registry, or changes the one of that name. Credentials that are not given stay.')
    .argument('<name>', 'what you call it')
    .argument('<host>', 'registry.example:5000')
    .option('--username <name>', 'name for the registry')
    .option('--password-stdin', "read the registry's password from standard input")
    .option('--ca <file>', 'PEM certificates to trust beside those of the system')
    .option('--plain-http', 'speak plain HTTP to it (loopback needs no asking)')
    .addOption(
      new Option('--concurrency <scans>', 'its scans at a time, over all replicas').argParser(count).default(4),
    )
    .addOption(
      new Option('--rate <requests>', 'requests a second, of each replica; no bound unless told').argParser(count),
    )
    .addOption(new Option('--every <hours>', 'how often all of it is swept; never unless told').argParser(hours))
    .action(async (name, host, options) => (await import('../registries.ts')).addRegistry(name, host, options))
    .addHelpText(
      'after',
      examples([
        'gabion registries add main registry.example:5000 --every 24',
        'echo "$PASSWORD" | gabion registries add harbor harbor.example --username robot\\$scan --password-stdin',
        'gabion registries add lab lab.example:5000 --ca lab.pem --repository "team/*" --latest 5',
      ]),
    );
  machineReadable(group.command('list'))
    .description('Lists the registries.')
    .action(async (options) => (await import('../registries.ts')).listRegistries(options))
    .addHelpText('after', examples(['gabion registries list --json | jq .registries']));
  machineReadable(group.command('remove'))
    .description('Removes a registry with its sweeps; what was scanned stays.')
    .argument('<name>')
    .action(async (name, options) => (await import('../registries.ts')).removeRegistry(name, options))
    .addHelpText('after', examples(['gabion registries remove main']));
  sweeps(gabion);
}

function sweeps(gabion: Command): void {
  const group = gabion.command('sweeps').description('Scans of whole registries.');
  scoped(machineReadable(group.command('start')))
    .description('Begins to scan what a registry holds; without a scope, that of the registry.')
    .argument('<registry>', 'as `gabion registries list` shows it')
    .option('--watch', 'stay until it has ended; exit code 1 when an image failed')
    .action(async (registry, options) => (await import('../sweeps.ts')).startSweep(registry, options))
    .addHelpText(
      'after',
      examples([
        'gabion sweeps start main --watch',
        'gabion sweeps start main --repository "team/*" --repository "!team/old-*" --tag "v*" --latest 3',
        'gabion sweeps start main --platform linux/amd64 --platform linux/arm64',
      ]),
    );
  machineReadable(group.command('list'))
    .description('Lists the latest sweeps, newest first.')
    .option('--registry <name>', 'only of this one')
    .action(async (options) => (await import('../sweeps.ts')).listSweeps(options))
    .addHelpText('after', examples(['gabion sweeps list --registry main']));
  machineReadable(group.command('show'))
    .description('Shows how a sweep goes, and what failed.')
    .argument('<id>')
    .action(async (id, options) => (await import('../sweeps.ts')).showSweep(id, options))
    .addHelpText('after', examples(['gabion sweeps show 7f0c2a5e-…']));
  machineReadable(group.command('cancel'))
    .description('Stops a sweep; scans that have begun go on.')
    .argument('<id>')
    .action(async (id, options) => (await import('../sweeps.ts')).cancelSweep(id, options))
    .addHelpText('after', examples(['gabion sweeps cancel 7f0c2a5e-…']));
}

function scoped(command: Command): Command {
  const list = (value: string, before: string[] = []) => [...before, value];
  return command
    .addOption(new Option('--repository <glob>', 'repositories, "!" in front takes out; repeatable').argParser(list))
    .addOption(new Option('--tag <glob>', 'tags; repeatable').argParser(list))
    .addOption(new Option('--latest <tags>', 'the last so many tags of a repository by version').argParser(count))
    .addOption(new Option('--platform <os/arch>', 'platforms of an index, or "*" for all; repeatable').argParser(list));
}

function count(text: string): number {
  if (!/^[1-9]\d{0,4}$/.test(text)) throw new InvalidArgumentError('must be a number from 1');
  return Number(text);
}

function hours(text: string): number {
  const number = Number(text);
  if (!(number >= 1 / 60 && number <= 24 * 366)) throw new InvalidArgumentError('must be hours, at most 8784');
  return number;
}

import { type Command, InvalidArgumentError, Option } from 'commander';
import { examples } from '../examples.ts';
import { keyTypeNames } from '../key-names.ts';
import { from, machineReadable, names, pair } from './options.ts';

const most = 4_294_967_295;

/** `gabion keys create` and `set`: what a key is and how it is used. */
export function keySettings(group: Command): void {
  creating(group);
  setting(group);
}

function creating(group: Command): void {
  rotating(settable(newKey(machineReadable(group.command('create')))))
    .description('Makes a key.')
    .addOption(typeOption().default('aes-256-gcm'))
    .action(async (name, options) => (await import('../keys.ts')).createKey(name, options))
    .addHelpText(
      'after',
      examples([
        'gabion keys create app --rotate-every 90 --require-context tenant',
        'gabion keys create release --type ed25519 --description "signs releases" --label team=build',
      ]),
    );
}

function setting(group: Command): void {
  rotating(settable(machineReadable(group.command('set'))))
    .description('Changes settings of a key; what is not told is kept.')
    .argument('<key>', 'id, name or alias')
    .option('--no-rotate-every', 'no longer rotates by itself')
    .addOption(
      new Option(
        '--min-version <version>',
        'older versions open nothing any more; refused while one is in use',
      ).argParser(from(1, most)),
    )
    .option('--no-require-context', 'asks for no context any more')
    .option('--no-label', 'takes all labels away')
    .action(async (key, options) => (await import('../keys.ts')).setKey(key, options))
    .addHelpText(
      'after',
      examples([
        'gabion keys set app --rotate-every 30 --operations-per-second 500',
        'gabion keys set app --min-version 3   # once everything is rewrapped',
        'gabion keys set app --no-rotate-every --label team=shop --label tier=prod',
      ]),
    );
}

/** What every command that makes a key takes. */
export function newKey(command: Command): Command {
  return command
    .argument('<name>', 'small letters, digits, ".", "_" and "-"', keyName)
    .addOption(new Option('--tenant <tenant>', 'whose key it is; "default" unless told').argParser(tenant))
    .option('--exportable', 'its material can be exported; cannot be changed afterwards');
}

/** Settings of new keys and of those that are there. */
export function settable(command: Command): Command {
  return command
    .option('--description <text>', 'what it is for')
    .addOption(
      new Option('--require-context <names>', 'every ciphertext has to name these, with commas between').argParser(
        names,
      ),
    )
    .addOption(
      new Option('--operations-per-second <count>', 'of all callers together; 0 is no bound').argParser(from(0, most)),
    )
    .addOption(new Option('--label <name=value>', 'in place of those before; repeatable').argParser(pair));
}

/** Imported keys never rotate by themselves. */
function rotating(command: Command): Command {
  return command.addOption(
    new Option('--rotate-every <days>', 'rotates by itself; never unless told').argParser(from(1, 3650, 'days, ')),
  );
}

export function typeOption(): Option {
  return new Option('--type <type>', 'what kind of key').choices(keyTypeNames);
}

/** RFC 1123: a label of the DNS. */
export function tenant(text: string): string {
  if (!/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(text))
    throw new InvalidArgumentError('must be small letters, digits and "-", 63 at most');
  return text;
}

function keyName(text: string): string {
  if (!/^[a-z0-9][a-z0-9._-]{0,127}$/.test(text))
    throw new InvalidArgumentError('must be small letters, digits, ".", "_" and "-", 128 at most');
  return text;
}

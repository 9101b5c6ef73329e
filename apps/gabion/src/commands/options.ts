import { type Command, InvalidArgumentError, Option } from 'commander';
import { dataOption } from '../data-option.ts';

/** Adds what every command that asks a platform takes. */
export function machineReadable(command: Command): Command {
  return command.addOption(dataOption()).option('--json', 'answer for a machine');
}

/** Names with commas between them. */
export function names(text: string): string[] {
  const found = text.split(',').map((each) => each.trim());
  if (found.some((each) => each === '')) throw new InvalidArgumentError('must be names with commas between them');
  return found;
}

/** A number, 0 or more. */
export function number(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('must be a number');
  return Number(text);
}

/** One more name=value to those that were given before. */
export function pair(text: string, before: Record<string, string> = {}): Record<string, string> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('must be name=value');
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}

/** Reads whole numbers of a range; `of` names what they count. */
export function from(least: number, most: number, of = ''): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (!/^\d{1,10}$/.test(text) || number < least || number > most)
      throw new InvalidArgumentError(`must be ${of}${least} to ${most}`);
    return number;
  };
}

/** `--at`: which version of a key. */
export function versionOption(description = 'an earlier version; the present one unless told'): Option {
  return new Option('--at <version>', description).argParser(from(1, 4_294_967_295));
}

/** `--context`: what a use of a key is bound to. */
export function contextOption(description = 'binds the ciphertext to it; repeatable'): Option {
  return new Option('--context <name=value>', description).argParser(pair);
}

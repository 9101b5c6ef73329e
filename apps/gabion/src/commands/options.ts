import { type Command, InvalidArgumentError } from 'commander';
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

/** One more name=value to those that were given before. */
export function pair(text: string, before: Record<string, string> = {}): Record<string, string> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('must be name=value');
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}

import { type Command, InvalidArgumentError, Option } from 'commander';
import { examples } from '../examples.ts';
import { machineReadable } from './options.ts';

/** `gabion seal`: what the root key of kms-secrets is closed with, and who opens it. */
export function seal(gabion: Command): void {
  const group = gabion.command('seal').description('The seal of the key service.');
  machineReadable(group.command('status'))
    .description('Says whether the seal is open; exit code 1 when it is not.')
    .action(async (options) => (await import('../seal.ts')).sealStatus(options))
    .addHelpText('after', examples(['gabion seal status', 'gabion seal status --json | jq .isSealed']));
  machineReadable(group.command('init'))
    .description('Makes the root key, once, and prints the shares of its seal, one a line. They are shown this once.')
    .addOption(new Option('--shares <count>', 'shares to make').argParser(count).default(9))
    .addOption(new Option('--threshold <count>', 'shares that open it').argParser(count).default(5))
    .action(async (options) => (await import('../seal.ts')).initialiseSeal(options))
    .addHelpText('after', examples(['gabion seal init', 'gabion seal init --shares 5 --threshold 3 --json']));
  machineReadable(group.command('open'))
    .description('Gives one share, read from standard input in base64; the last one that is needed opens the seal.')
    .action(async (options) => (await import('../seal.ts')).openSeal(options))
    .addHelpText('after', examples(['gabion seal open < my-share', 'pass show gabion/share | gabion seal open']));
  machineReadable(group.command('close'))
    .description('Closes every replica at once: keys leave their memory, and calls are refused until it is opened.')
    .action(async (options) => (await import('../seal.ts')).closeSeal(options))
    .addHelpText('after', examples(['gabion seal close']));
}

function count(text: string): number {
  const number = Number(text);
  if (!/^\d{1,3}$/.test(text) || number < 2 || number > 255) throw new InvalidArgumentError('must be 2 to 255');
  return number;
}

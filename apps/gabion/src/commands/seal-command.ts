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
    .addOption(kindOption())
    .addOption(new Option('--shares <count>', 'shares to make (9)').argParser(count))
    .addOption(new Option('--threshold <count>', 'shares that open it (5)').argParser(count))
    .action(async (options) => (await import('../seal.ts')).initialiseSeal(options))
    .addHelpText(
      'after',
      examples([
        'gabion seal init',
        'gabion seal init --shares 5 --threshold 3 --json',
        'gabion seal init --kind pkcs11',
      ]),
    );
  machineReadable(group.command('open'))
    .description('Gives one share, read from standard input in base64; the last one that is needed opens the seal.')
    .action(async (options) => (await import('../seal.ts')).openSeal(options))
    .addHelpText('after', examples(['gabion seal open < my-share', 'pass show gabion/share | gabion seal open']));
  machineReadable(group.command('close'))
    .description('Closes every replica at once: keys leave their memory, and calls are refused until it is opened.')
    .action(async (options) => (await import('../seal.ts')).closeSeal(options))
    .addHelpText('after', examples(['gabion seal close']));
  changes(group);
}

/** What changes a seal that is open. */
function changes(group: Command): void {
  machineReadable(group.command('change'))
    .description('Begins to make new shares, or to change the kind of seal. Keys stay in use all the while.')
    .addOption(kindOption())
    .addOption(new Option('--shares <count>', 'shares to make (9)').argParser(count))
    .addOption(new Option('--threshold <count>', 'shares that open it (5)').argParser(count))
    .action(async (options) => (await import('../seal.ts')).changeSeal(options))
    .addHelpText(
      'after',
      examples(['gabion seal change --kind pkcs11', 'gabion seal change --shares 5 --threshold 3']),
    );
  machineReadable(group.command('authorize'))
    .description('Gives one share of the present seal, read from standard input, towards its change.')
    .argument('<id>', 'what `gabion seal change` printed')
    .action(async (id, options) => (await import('../seal.ts')).authoriseChange(id, options))
    .addHelpText('after', examples(['gabion seal authorize 0b0c… < my-share']));
  machineReadable(group.command('finish'))
    .description('Puts the new seal in the place of the present one, once its shares were received.')
    .argument('<id>', 'what `gabion seal change` printed')
    .action(async (id, options) => (await import('../seal.ts')).finishChange(id, options))
    .addHelpText('after', examples(['gabion seal finish 0b0c…']));
  machineReadable(group.command('cancel'))
    .description('Forgets a change that was begun.')
    .argument('<id>', 'what `gabion seal change` printed')
    .action(async (id, options) => (await import('../seal.ts')).cancelChange(id, options))
    .addHelpText('after', examples(['gabion seal cancel 0b0c…']));
  machineReadable(group.command('rotate-root'))
    .description('Makes a new root key and closes all other keys with it; nothing else has to be done.')
    .action(async (options) => (await import('../seal.ts')).rotateRoot(options))
    .addHelpText('after', examples(['gabion seal rotate-root']));
}

function kindOption(): Option {
  return new Option('--kind <kind>', 'what opens the seal; others than shamir are configured at the service')
    .choices(['shamir', 'file', 'pkcs11', 'transit'])
    .default('shamir');
}

function count(text: string): number {
  const number = Number(text);
  if (!/^\d{1,3}$/.test(text) || number < 2 || number > 255) throw new InvalidArgumentError('must be 2 to 255');
  return number;
}

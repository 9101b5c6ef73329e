import { type Command, InvalidArgumentError, Option } from 'commander';
import { examples } from '../examples.ts';
import { machineReadable, number } from './options.ts';

/** `gabion secrets rotation` and `rotate`: secrets that get their next version by themselves. */
export function secretRotations(secrets: Command): void {
  const group = secrets.command('rotation').description('How secrets get their next version by themselves.');
  machineReadable(group.command('set'))
    .description(
      'Sets how a secret is rotated: one of its values is made anew, or a hook is asked for the next version.',
    )
    .argument('<path>', 'for example team/db')
    .addOption(
      new Option('--every <period>', '1h to 366d, since the last rotation').argParser(period).makeOptionMandatory(),
    )
    .option('--generate <name>', 'the value that is made anew; the others are kept')
    .addOption(new Option('--length <count>', 'characters of it (32)').argParser(number))
    .option('--characters <set>', 'that it is drawn from; letters and digits unless told')
    .addOption(new Option('--bytes <count>', 'random bytes in place of characters').argParser(number))
    .option('--hook <url>', 'https; asked by POST, signed as Standard Webhooks have it')
    .option('--ca <file>', 'authorities that its certificate is verified by, PEM')
    .option('--signing-secret-file <file>', 'whsec_… to sign with; one is made and shown unless told')
    .addOption(
      new Option('--put-within-seconds <seconds>', 'for a hook that puts the version itself (600)').argParser(number),
    )
    .action(async (path, options) => (await import('../secret-rotations.ts')).setRotation(path, options))
    .addHelpText(
      'after',
      examples([
        'gabion secrets rotation set team/db --every 30d --generate password --length 40',
        'gabion secrets rotation set team/db --every 7d --hook https://rotator.internal/db --ca ca.pem',
      ]),
    );
  machineReadable(group.command('show'))
    .description('Shows how a secret is rotated, when, and what went wrong.')
    .argument('<path>')
    .action(async (path, options) => (await import('../secret-rotations.ts')).showRotation(path, options))
    .addHelpText('after', examples(['gabion secrets rotation show team/db']));
  machineReadable(group.command('remove'))
    .description('Ends the rotation of a secret, which stays as it is.')
    .argument('<path>')
    .action(async (path, options) => (await import('../secret-rotations.ts')).removeRotation(path, options))
    .addHelpText('after', examples(['gabion secrets rotation remove team/db']));
  machineReadable(secrets.command('rotate'))
    .description('Rotates a secret that has a rotation now.')
    .argument('<path>')
    .addOption(new Option('--expect <version>', 'only when this is the current version').argParser(number))
    .action(async (path, options) => (await import('../secret-rotations.ts')).rotateSecret(path, options))
    .addHelpText('after', examples(['gabion secrets rotate team/db', 'gabion secrets rotation show team/db']));
}

/** In ms. */
function period(text: string): number {
  const [, count, unit] = /^(\d{1,4})([hd])$/.exec(text) ?? [];
  if (!count) throw new InvalidArgumentError('must be hours or days, for example 12h or 30d');
  return Number(count) * (unit === 'd' ? 86_400_000 : 3_600_000);
}

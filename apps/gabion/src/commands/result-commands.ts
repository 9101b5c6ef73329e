import { type Command, InvalidArgumentError, Option } from 'commander';
import { examples } from '../examples.ts';
import { machineReadable } from './options.ts';

/** `gabion images`, `gabion vex` and `gabion exceptions`: what is known of images, and what of it does not count. */
export function results(gabion: Command): void {
  for (const add of [images, vex, exceptions]) add(gabion);
}

function images(gabion: Command): void {
  const group = gabion.command('images').description('The images that have been scanned, as they are judged now.');
  machineReadable(group.command('list'))
    .description('Lists images, the one scanned last first.')
    .option('--prefix <text>', 'only those scanned under a name that begins like this')
    .action(async (options) => (await import('../images.ts')).listImages(options))
    .addHelpText('after', examples(['gabion images list --prefix registry.example/shop/']));
  machineReadable(group.command('show'))
    .description('Shows an image.')
    .argument('<digest>', 'of its manifest, sha256:…')
    .action(async (digest, options) => (await import('../images.ts')).showImage(digest, options))
    .addHelpText('after', examples(['gabion images show sha256:5b0b… --json']));
  machineReadable(group.command('find'))
    .description('Finds the images with a vulnerability or a package.')
    .option('--vulnerability <id>', 'any of its names: CVE-…, GHSA-…')
    .option('--package <name>', 'log4j-core, or org.apache.logging.log4j:log4j-core')
    .option('--package-version <version>', 'with --package: only of this version')
    .option('--prefix <text>', 'only those scanned under a name that begins like this')
    .action(async (options) => (await import('../images.ts')).listImages(options))
    .addHelpText(
      'after',
      examples([
        'gabion images find --vulnerability CVE-2021-44228',
        'gabion images find --package xz-utils --package-version 5.6.1-1',
      ]),
    );
}

function vex(gabion: Command): void {
  const group = gabion.command('vex').description('What suppliers say of vulnerabilities, counted for every image.');
  machineReadable(group.command('import'))
    .description('Takes VEX documents: OpenVEX, CycloneDX, CSAF.')
    .argument('<file...>')
    .action(async (files, options) => (await import('../suppressions.ts')).importVex(files, options))
    .addHelpText('after', examples(['gabion vex import supplier.openvex.json']));
  machineReadable(group.command('list'))
    .description('Lists the documents.')
    .action(async (options) => (await import('../suppressions.ts')).listVex(options))
    .addHelpText('after', examples(['gabion vex list --json']));
  machineReadable(group.command('remove'))
    .description('Removes a document: what it hid counts again.')
    .argument('<id>', 'as `gabion vex list` shows it')
    .action(async (id, options) => (await import('../suppressions.ts')).removeVex(id, options))
    .addHelpText('after', examples(['gabion vex remove 0192f0c1-…']));
}

function exceptions(gabion: Command): void {
  const group = gabion.command('exceptions').description('Risks that somebody has accepted until a day.');
  machineReadable(group.command('add'))
    .description('Accepts a risk; at least one of vulnerability, purl, rule, finding and path says which.')
    .requiredOption('--owner <name>', 'who answers for it')
    .requiredOption('--reason <text>', 'why it is acceptable')
    .addOption(new Option('--expires <day>', '2027-03-31, or in days: 30d').argParser(end).makeOptionMandatory())
    .option('--vulnerability <id>', 'any of its names')
    .option('--purl <purl>', 'package, with or without version')
    .option('--rule <id>', 'of a secret, a check or a licence')
    .option('--finding <id>', 'this one finding')
    .option('--path <pattern>', 'files: * within a folder, ** across')
    .option('--image <pattern>', 'images by name: registry.example/shop/**')
    .action(async (options) => (await import('../suppressions.ts')).addException(options))
    .addHelpText(
      'after',
      examples([
        'gabion exceptions add --vulnerability CVE-2024-1234 --image "registry.example/shop/**" --expires 30d --owner shop-team --reason "not reachable"',
      ]),
    );
  machineReadable(group.command('list'))
    .description('Lists exceptions.')
    .option('--all', 'expired ones too')
    .action(async (options) => (await import('../suppressions.ts')).listExceptions(options))
    .addHelpText('after', examples(['gabion exceptions list --all']));
  machineReadable(group.command('remove'))
    .description('Removes an exception: what it hid counts again.')
    .argument('<id>', 'as `gabion exceptions list` shows it')
    .action(async (id, options) => (await import('../suppressions.ts')).removeException(id, options))
    .addHelpText('after', examples(['gabion exceptions remove 0192f0c1-…']));
}

function end(text: string): Date {
  const [, days] = /^(\d{1,4})d$/.exec(text) ?? [];
  const time = days ? Date.now() + Number(days) * 86_400_000 : Date.parse(text);
  if (Number.isNaN(time)) throw new InvalidArgumentError('must be a day, 2027-03-31, or a number of days, 30d');
  return new Date(time);
}

import { type Command, InvalidArgumentError, Option } from 'commander';
import { examples } from '../examples.ts';
import { machineReadable, names } from './options.ts';

/** `gabion advisories`: what scans are judged by, where it comes from, and how it is carried elsewhere. */
export function advisories(gabion: Command): void {
  const group = gabion.command('advisories').description('The advisories that scans are judged by.');
  for (const add of [update, status, show, importFeeds, exportBundle, feeds]) add(group);
}

function update(group: Command): void {
  machineReadable(group.command('update'))
    .description('Fetches what has changed of the feeds and imports it; exit code 1 when any of them failed.')
    .argument('[feed...]', 'names as `gabion advisories status` shows them; all that are enabled unless told')
    .option('--force', 'fetch and read again what has not changed, and take a feed that has lost most of itself')
    .action(async (names, options) => (await import('../advisory-feeds.ts')).updateFeeds(names, options))
    .addHelpText(
      'after',
      examples(['gabion advisories update', 'gabion advisories update debian-tracker kev --force']),
    );
}

function status(group: Command): void {
  machineReadable(group.command('status'))
    .description('Lists the feeds, how the last update of each went, and what each source holds.')
    .option('--all', 'feeds that are disabled too')
    .action(async (options) => (await import('../advisory-status.ts')).advisoriesStatus(options))
    .addHelpText('after', examples(['gabion advisories status', 'gabion advisories status --all --json | jq .feeds']));
}

function show(group: Command): void {
  machineReadable(group.command('show'))
    .description('Tells what is known of a vulnerability: severities, exploitation, packages that it concerns.')
    .argument('<id>', 'any of its names: CVE-…, GHSA-…, ALSA-…')
    .action(async (id, options) => (await import('../advisory-show.ts')).showVulnerability(id, options))
    .addHelpText('after', examples(['gabion advisories show CVE-2021-44228']));
}

function importFeeds(group: Command): void {
  machineReadable(group.command('import'))
    .description('Imports feeds from files: directories, archives or single files of any known form, or a bundle.')
    .argument('<path...>', 'each a directory or a file: tar, zip, JSON, YAML, XML, CSV; compressed or not')
    .option('--source <name>', 'name of the source, whose earlier content is replaced; the file name unless told')
    .action(async (paths, options) => (await import('../advisories.ts')).importAdvisories(paths, options))
    .addHelpText(
      'after',
      examples([
        'gabion advisories import ./osv/debian',
        'gabion advisories import secdb.tar.gz --source alpine-secdb',
        'gabion advisories import advisories.tar.zst     # a bundle of `gabion advisories export`',
      ]),
    );
}

function exportBundle(group: Command): void {
  machineReadable(group.command('export'))
    .description('Writes all that the sources hold into one file, for a site without a network.')
    .argument('<file>', 'the bundle to write, a tar.zst')
    .addOption(new Option('--source <names>', 'only these, for example kev,debian-tracker').argParser(names))
    .action(async (file, options) => (await import('../advisory-export.ts')).exportAdvisories(file, options))
    .addHelpText(
      'after',
      examples([
        'gabion advisories export advisories.tar.zst',
        'oras push registry.example/advisories:latest advisories.tar.zst:application/vnd.gabion.advisories.v1.tar+zstd',
        'gabion advisories feeds add ours oci:registry.example/advisories:latest     # at the other site',
      ]),
    );
}

function feeds(group: Command): void {
  const list = group.command('feeds').description('Where advisories are fetched from.');
  machineReadable(list.command('add'))
    .description('Adds a feed, or changes the one of that name.')
    .argument('<name>', 'also of the source that it fills')
    .argument('<url...>', 'https:, http:, oci: or file: addresses of the same content, tried in order')
    .addOption(new Option('--every <hours>', 'how often it is fetched; 6 unless told').argParser(hours))
    .action(async (name, urls, options) => (await import('../advisory-feeds.ts')).addFeed(name, urls, options))
    .addHelpText(
      'after',
      examples([
        'gabion advisories feeds add debian-tracker https://mirror.example/debian.json https://security-tracker.debian.org/tracker/data/json',
        'gabion advisories feeds add ours oci:registry.example/advisories:latest --every 1',
        'gabion advisories feeds add alpine-secdb "https://mirror.example/{v3.20,v3.21}/main.json"',
        'gabion advisories feeds add csaf https://vendor.example/csaf/changes.csv',
      ]),
    );
  machineReadable(list.command('remove'))
    .description('Removes a feed that was added, with all that it brought.')
    .argument('<name>')
    .action(async (name, options) => (await import('../advisory-feeds.ts')).removeFeed(name, options))
    .addHelpText('after', examples(['gabion advisories feeds remove ours']));
  for (const [word, says] of [
    ['disable', 'Stops fetching a feed; what it brought stays.'],
    ['enable', 'Fetches a feed again.'],
  ] as const)
    machineReadable(list.command(word))
      .description(says)
      .argument('<name>')
      .action(async (name, options) => (await import('../advisory-feeds.ts')).switchFeed(name, word, options))
      .addHelpText('after', examples([`gabion advisories feeds ${word} nvd`]));
}

function hours(text: string): number {
  const number = Number(text);
  if (!(number >= 1 / 60 && number <= 24 * 90)) throw new InvalidArgumentError('must be hours, at most 2160');
  return number;
}

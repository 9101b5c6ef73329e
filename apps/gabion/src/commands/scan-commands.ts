import { Argument, type Command, InvalidArgumentError, Option } from 'commander';
import { dataOption } from '../data-option.ts';
import { examples } from '../examples.ts';
import { names } from './options.ts';

const severities = ['critical', 'high', 'medium', 'low', 'negligible', 'unknown'];
const kinds = ['vuln', 'secret', 'malware', 'config', 'licence'];
const formats = [
  'table',
  'json',
  'sarif',
  'cyclonedx',
  'spdx',
  'openvex',
  'csaf',
  'markdown',
  'html',
  'junit',
  'gitlab',
];

/** `gabion scan`, `gabion sbom` and `gabion fix`: what is in an image, what is wrong with it, what to do about it. */
export function scanning(gabion: Command): void {
  for (const add of [scan, sbom, fix]) add(gabion);
}

function scan(gabion: Command): void {
  aimed(gabion.command('scan'))
    .description(
      'Scans an image, a directory or an SBOM for vulnerabilities, secrets, malware, misconfiguration and licences.\nWithout a running platform it scans by itself.',
    )
    .addOption(new Option('--format <format>', 'how to answer').choices(formats).default('table'))
    .option('--format-version <version>', 'version of the format, for example 1.5 of CycloneDX')
    .option('--json', 'the same as --format json: the Scan and Findings of the API, worst first')
    .option('--output <file>', 'write the answer to a file')
    .addOption(
      new Option('--fail-on <severity>', 'exit code 1 when something this bad or worse counts').choices(severities),
    )
    .addOption(new Option('--only <kinds>', `of these kinds only: ${kinds.join(',')}`).argParser(kindsIn))
    .option('--ignore-unfixed', 'leave out vulnerabilities that no upgrade removes')
    .addOption(
      new Option('--grace-period <time>', 'leave out vulnerabilities known for less than this: 7d, 12h').argParser(
        duration,
      ),
    )
    .option('--vex <file...>', 'VEX documents (OpenVEX, CycloneDX, CSAF) for this answer only')
    .option('--show-suppressed', 'also what a VEX statement or an exception hides, with the reason')
    .action(async (target, options) => (await import('../scan.ts')).scan(target, options))
    .addHelpText(
      'after',
      examples([
        'gabion scan registry.example/shop/web:1.4',
        'gabion scan ./layout --fail-on high --ignore-unfixed',
        'gabion scan ./my-project --only vuln,secret              # a directory, lock files too',
        'gabion scan bom.cdx.json --format sarif --output results.sarif',
        'docker save app:dev -o app.tar && gabion scan app.tar --format json > findings.json',
        'gabion scan app:1 --vex supplier.openvex.json --show-suppressed',
        'gabion scan app:1 --platform all --format markdown',
        'echo "$PASSWORD" | gabion scan --username ci --password-stdin registry.example/shop/web:1.4',
      ]),
    );
}

function sbom(gabion: Command): void {
  aimed(gabion.command('sbom'))
    .description('Writes the SBOM of an image or a directory.')
    .addOption(new Option('--format <format>', 'how to write it').choices(['cyclonedx', 'spdx']).default('cyclonedx'))
    .option('--format-version <version>', 'CycloneDX 1.4 to 1.7, SPDX 2.3')
    .option('--output <file>', 'write it to a file')
    .action(async (target, options) => (await import('../sbom.ts')).sbom(target, options))
    .addHelpText(
      'after',
      examples(['gabion sbom debian:12 --output debian.cdx.json', 'gabion sbom ./rootfs --format spdx']),
    );
}

function fix(gabion: Command): void {
  aimed(gabion.command('fix'))
    .description('Tells what to upgrade, with the commands, and what a newer base image would change.')
    .option('--json', 'the FixPlan of the API')
    .action(async (target, options) => (await import('../fix.ts')).fix(target, options))
    .addHelpText(
      'after',
      examples(['gabion fix registry.example/shop/web:1.4', 'gabion fix 6f1c0e1e-…     # a scan that has ended']),
    );
}

/** What all of them can be told of their target. */
function aimed(command: Command): Command {
  return command
    .addArgument(
      new Argument(
        '<target>',
        'registry/name:tag, name@sha256:…, an OCI layout directory, a tar of an image, a directory, or an SBOM',
      ),
    )
    .addOption(
      new Option('--as <what>', 'what a path is, where its content leaves doubt').choices(['image', 'fs', 'sbom']),
    )
    .addOption(
      new Option(
        '--platform <os/arch>',
        'which images of an index, for example linux/arm64,linux/amd64; or all',
      ).argParser(names),
    )
    .option('--lock-files', 'what lock files pin, too; always so for directories')
    .option('--plain-http', 'speak plain HTTP to the registry (loopback needs no asking)')
    .option('--username <name>', 'name for the registry')
    .option('--password-stdin', "read the registry's password from standard input")
    .addOption(dataOption());
}

function kindsIn(text: string): string[] {
  const found = names(text);
  const unknown = found.find((each) => !kinds.includes(each));
  if (unknown !== undefined) throw new InvalidArgumentError(`${unknown} is none of ${kinds.join(', ')}`);
  return found;
}

const units: Readonly<Record<string, number>> = { h: 3_600_000, d: 86_400_000, w: 604_800_000 };

function duration(text: string): number {
  const [, number, unit = ''] = /^(\d{1,5})([hdw])$/.exec(text) ?? [];
  if (!number) throw new InvalidArgumentError('must be hours, days or weeks: 12h, 7d, 2w');
  return Number(number) * units[unit]!;
}

import type { PackageType } from '@gabion/inventory/package';
import type { System, Upgrade } from './fix-plan.ts';

/** How the upgrades of one package manager are carried out. */
export interface FixCommand {
  readonly type: PackageType;
  /** A line for a shell or a RUN; empty where only a change of the source helps. */
  readonly command: string;
  /** What the command cannot do, and what to do by hand. */
  readonly note: string;
}

/** One command for each package manager among the upgrades, in the order of what they remove. */
export function fixCommands(upgrades: readonly Upgrade[], system?: System): FixCommand[] {
  return [...Map.groupBy(upgrades, ({ type }) => type)].map(([type, group]) => ({
    type,
    ...commandOf(type, group, system),
  }));
}

function commandOf(type: PackageType, group: readonly Upgrade[], system?: System): Omit<FixCommand, 'type'> {
  const installed = words(group.flatMap(({ packages }) => packages));
  switch (type) {
    case 'deb':
      return {
        command: `apt-get update && apt-get install -y --only-upgrade ${installed}`,
        note: 'In the same RUN, else a cached layer brings old versions. Better: rebuild on a newer base image.',
      };
    case 'apk':
      return { command: `apk add --no-cache --upgrade ${installed}`, note: '' };
    case 'rpm':
      return { command: rpmCommand(installed, system), note: '' };
    case 'alpm':
      return {
        command: 'pacman -Syu --noconfirm',
        note: 'Arch upgrades the whole system; single packages are not supported.',
      };
    case 'npm':
      return {
        command: `npm install ${words(group.map(({ name, fixedVersion }) => `${name}@${fixedVersion}`))}`,
        note: 'For packages that others bring: "overrides" in package.json (npm), "resolutions" (yarn), "pnpm.overrides".',
      };
    case 'pypi':
      return {
        command: `pip install --upgrade ${words(group.map(({ name, fixedVersion }) => `${name}>=${fixedVersion}`))}`,
        note: 'Pin the version where the requirement is written.',
      };
    case 'golang':
      return goCommand(group);
    case 'cargo':
      return {
        command: group
          .map(
            ({ name, installedVersion, fixedVersion }) =>
              `cargo update ${word(`${name}@${installedVersion}`)} --precise ${word(fixedVersion)}`,
          )
          .join(' && '),
        note: 'Then build the program anew.',
      };
    case 'gem':
      return { command: `bundle update --conservative ${words(group.map(({ name }) => name))}`, note: '' };
    case 'composer':
      return { command: `composer update --with-dependencies ${words(group.map(({ name }) => name))}`, note: '' };
    case 'nuget':
      return {
        command: group
          .map(({ name, fixedVersion }) => `dotnet add package ${word(name)} --version ${word(fixedVersion)}`)
          .join(' && '),
        note: 'Then publish the application anew.',
      };
    case 'conda':
      return {
        command: `conda install -y ${words(group.map(({ name, fixedVersion }) => `${name}>=${fixedVersion}`))}`,
        note: '',
      };
    default:
      return {
        command: '',
        note: `Raise in the source and build anew: ${group.map(({ name, fixedVersion }) => `${name} to ${fixedVersion}`).join(', ')}`,
      };
  }
}

function rpmCommand(installed: string, system?: System): string {
  switch (system?.id) {
    case 'sles':
    case 'sled':
    case 'sle_hpc':
    case 'opensuse':
    case 'opensuse-leap':
    case 'opensuse-tumbleweed':
      return `zypper --non-interactive update ${installed}`;
    case 'photon':
    case 'mariner':
    case 'azurelinux':
      return `tdnf update -y ${installed}`;
    case 'amzn':
      return system.version === '2023' ? `dnf upgrade -y ${installed}` : `yum update -y ${installed}`;
    default:
      return usesYum(system) ? `yum update -y ${installed}` : `dnf upgrade -y ${installed}`;
  }
}

/** Up to release 7 of the Red Hat family there is no dnf. */
function usesYum(system?: System): boolean {
  const isFamily = ['rhel', 'centos', 'ol', 'scientific'].includes(system?.id ?? '');
  return isFamily && Number.parseInt(system?.version ?? '', 10) < 8;
}

function goCommand(group: readonly Upgrade[]): Omit<FixCommand, 'type'> {
  const isToolchain = ({ name }: Upgrade) => name === 'stdlib' || name === 'toolchain';
  const modules = group.filter((each) => !isToolchain(each));
  const toolchain = group.find(isToolchain);
  const get = modules.map(({ name, fixedVersion }) => word(`${name}@v${fixedVersion.replace(/^v/, '')}`)).join(' ');
  return {
    command: get && `go get ${get} && go mod tidy`,
    note: `Then build the program anew${toolchain ? `, with Go ${toolchain.fixedVersion} or later` : ''}.`,
  };
}

function words(names: readonly string[]): string {
  return [...new Set(names)].sort().map(word).join(' ');
}

/** Names come from the image, whose builder may be hostile: what a shell could take for more than a word is quoted. */
function word(text: string): string {
  if (/^[A-Za-z0-9@_+:.,/=][A-Za-z0-9@_+:.,/=~^-]*$/.test(text)) return text;
  return `'${text.replace(/[\p{Cc}\p{Cf}]/gu, '').replaceAll("'", `'\\''`)}'`;
}

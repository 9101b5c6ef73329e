import type { NotedPackage } from '../noted.ts';
import type { RawBuildInfo } from './build-info.ts';
import { type GoModule, type ModuleInfo, parseModuleInfo } from './module-info.ts';
import { versionFromFlags } from './version-flags.ts';

/** The packages of a Go program: `stdlib` in the version of its toolchain, the main module, what it was built with. */
export function goPackages(info: RawBuildInfo): NotedPackage[] {
  const modules = parseModuleInfo(info.modules);
  const found = [stdlib(info.goVersion), mainModule(modules), ...modules.dependencies.map(dependency)];
  const valid = found.filter((one) => one !== undefined).filter(({ name, version }) => isName(name) && version !== '');
  return [...new Map(valid.map((one) => [`${one.name} ${one.version}`, one])).values()];
}

/**
 * The version of the standard library as advisories of Go write it: `1.22.1`, `1.22.0-rc.1`. What follows it stands for
 * experiments (`X:boringcrypto`) or a vendor's patches (`-fips`, ` Red Hat 1.22.1-1.el9`).
 */
export function toolchainVersion(goVersion: string): string | undefined {
  const parts = /^go(\d{1,4})\.(\d{1,4})(?:\.(\d{1,4}))?(?:(beta|rc)(\d{1,4}))?(?![\w.])/.exec(goVersion);
  if (!parts) return undefined;
  const [, major, minor, patch = '0', stage, number] = parts;
  return `${major}.${minor}.${patch}${stage ? `-${stage}.${number}` : ''}`;
}

function stdlib(goVersion: string): NotedPackage | undefined {
  const version = toolchainVersion(goVersion);
  // A `devel` toolchain lies between two releases: nothing tells which fixes it has.
  return version ? { name: 'stdlib', version } : undefined;
}

function mainModule({ main, settings }: ModuleInfo): NotedPackage | undefined {
  if (!main) return undefined;
  const { path: name } = main;
  const stamped = main.version === '(devel)' ? '' : main.version;
  if (stamped !== '' && !isBaseless(stamped)) return { name, version: stamped };
  const flagged = versionFromFlags(settings.get('-ldflags') ?? '', name);
  if (flagged) return { name, version: flagged };
  return { name, version: stamped || pseudoVersion(settings) || '(devel)', isUnjudged: true };
}

/**
 * `v0.0.0-…` for a program says that its tags were not there when it was built, not that it is older than `v1.0.0`:
 * every advisory would fit it. Of a dependency such a version is what `go.mod` asked for, and is right.
 */
function isBaseless(version: string): boolean {
  return /^v0\.0\.0-\d{14}-[0-9a-f]{12}(?:\+dirty)?$/.test(version);
}

function pseudoVersion(settings: ReadonlyMap<string, string>): string | undefined {
  const revision = /^[0-9a-f]{12}/.exec(settings.get('vcs.revision') ?? '')?.[0];
  const time = settings.get('vcs.time')?.replace(/[-:TZ]/g, '') ?? '';
  return revision && /^\d{14}$/.test(time) ? `v0.0.0-${time}-${revision}` : undefined;
}

function dependency({ path, version, replacement }: GoModule): NotedPackage {
  if (!replacement) return known(path, version);
  // A directory in place of a module: code that no version speaks of.
  if (/^\.{0,2}\//.test(replacement.path) || replacement.version === '')
    return { name: path, version: version || '(devel)', isUnjudged: true };
  return known(replacement.path, replacement.version);
}

function known(name: string, version: string): NotedPackage {
  return version === '(devel)' || version === '' ? { name, version: '(devel)', isUnjudged: true } : { name, version };
}

// module.CheckPath of golang.org/x/mod allows these characters; file names of Windows are of no concern here.
function isName(name: string): boolean {
  return name.length <= 512 && /^[A-Za-z0-9][A-Za-z0-9._~/+!@-]*$/.test(name);
}

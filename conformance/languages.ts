// Holds the inventory of languages against what their own package managers say of what they installed or locked.
//   node --conditions=source conformance/languages.ts [NAME…]
// Installs public packages into temporary directories; a manager that is not there is skipped by name.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  type InventoryOptions,
  inventoryAnalyzers,
  inventoryInspectors,
  inventoryOf,
} from '@gabion/inventory/inventory';
import type { Package } from '@gabion/inventory/package';
import { readLayer } from '@gabion/rootfs/layer';
import { apply } from '@gabion/rootfs/view';
import { isSame } from './image-inventory.ts';

/** One package manager at work: what it is, whether it is there, and what it says of what it did in a directory. */
interface Trial {
  readonly name: string;
  readonly tool: string;
  readonly types: readonly string[];
  readonly options?: InventoryOptions;
  expected(directory: string): Promise<string[]>;
}

const manifest = {
  name: 'trial',
  version: '1.0.0',
  dependencies: { express: '4.17.1', '@babel/core': '7.10.0', 'string-width-cjs': 'npm:string-width@4.2.3' },
  devDependencies: { mocha: '8.0.0' },
};

const trials: readonly Trial[] = [
  { name: 'pip install', tool: 'pip3', types: ['pypi'], expected: pip },
  { name: 'npm install', tool: 'npm', types: ['npm'], expected: npmInstall },
  { name: 'npm lock 1', tool: 'npm', types: ['npm'], options: { lockFiles: true }, expected: npmLock(1) },
  { name: 'npm lock 3', tool: 'npm', types: ['npm'], options: { lockFiles: true }, expected: npmLock(3) },
  { name: 'pnpm install', tool: 'pnpm', types: ['npm'], expected: pnpm },
  { name: 'pnpm lock', tool: 'pnpm', types: ['npm'], options: { lockFiles: true }, expected: pnpmLock },
  { name: 'yarn install', tool: 'yarn', types: ['npm'], expected: yarn('yarn.lock') },
  { name: 'yarn lock', tool: 'yarn', types: ['npm'], options: { lockFiles: true }, expected: yarn('.yarn') },
  { name: 'gem install', tool: 'gem', types: ['gem'], expected: gem },
  { name: 'cargo lock', tool: 'cargo', types: ['cargo'], options: { lockFiles: true }, expected: cargo },
  { name: 'go.mod', tool: 'go', types: ['golang'], options: { lockFiles: true }, expected: go },
];

async function pip(directory: string) {
  const packages = ['requests==2.25.0', 'Jinja2==2.11.2', 'ruamel.yaml==0.17.21', 'zope.interface==5.4.0'];
  run('pip3', ['install', '-q', '--root-user-action=ignore', '--target', directory, ...packages], directory);
  const list = JSON.parse(run('pip3', ['list', '--path', directory, '--format', 'json'], directory)) as Listed[];
  return list.map(({ name, version }) => `${name} ${version}`);
}

async function npmInstall(directory: string) {
  await write(directory, 'package.json', JSON.stringify(manifest));
  run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--silent'], directory);
  return npmTree(directory, []);
}

function npmLock(version: number) {
  return async (directory: string) => {
    await write(directory, 'package.json', JSON.stringify(manifest));
    const onlyLock = ['--package-lock-only', '--no-audit', '--no-fund', '--silent'];
    run('npm', ['install', `--lockfile-version=${version}`, ...onlyLock], directory);
    return npmTree(directory, ['--package-lock-only', '--omit=dev']);
  };
}

interface Listed {
  readonly name: string;
  readonly version: string;
}

interface Tree {
  readonly name?: string;
  readonly version?: string;
  readonly dependencies?: Readonly<Record<string, Tree>>;
}

function npmTree(directory: string, more: string[]): string[] {
  const root = JSON.parse(run('npm', ['ls', '--all', '--json', '--long', ...more], directory)) as Tree;
  return treeOf(root.dependencies);
}

function treeOf(dependencies: Tree['dependencies']): string[] {
  return Object.values(dependencies ?? {}).flatMap(({ name, version, dependencies: below }) =>
    // An optional dependency that was not installed has no version.
    version ? [`${name} ${version}`, ...treeOf(below)] : [],
  );
}

async function pnpm(directory: string) {
  await write(directory, 'package.json', JSON.stringify(manifest));
  run('pnpm', ['install', '--ignore-scripts', '--silent'], directory);
  const [root] = JSON.parse(run('pnpm', ['list', '--json', '--depth', 'Infinity', '--long'], directory)) as PnpmTree[];
  return [...pnpmTree(root!.dependencies), ...pnpmTree(root!.devDependencies)];
}

/** The lock file alone, held against what pnpm installs without development dependencies. */
async function pnpmLock(directory: string) {
  await write(directory, 'package.json', JSON.stringify(manifest));
  run('pnpm', ['install', '--ignore-scripts', '--silent', '--prod'], directory);
  const list = run('pnpm', ['list', '--json', '--depth', 'Infinity', '--long', '--prod'], directory);
  const [root] = JSON.parse(list) as PnpmTree[];
  const expected = pnpmTree(root!.dependencies);
  await rm(join(directory, 'node_modules'), { recursive: true });
  return expected;
}

/** Yarn 2 and later: Plug'n'Play runs the packages from zips, and the lock file names the same. */
function yarn(removed: string) {
  return async (directory: string) => {
    await write(directory, 'package.json', JSON.stringify(manifest));
    await write(directory, '.yarnrc.yml', 'enableGlobalCache: false\nenableTelemetry: false\n');
    await write(directory, 'yarn.lock', '');
    run('yarn', ['install', '--mode=skip-build'], directory);
    const lines = run('yarn', ['info', '--all', '--recursive', '--json'], directory).trim().split('\n');
    await rm(join(directory, removed), { recursive: true });
    return lines.flatMap((line) => {
      const { value, children } = JSON.parse(line) as { value: string; children: { Version: string } };
      const name = value.slice(0, value.indexOf('@', 1));
      return value.includes('@workspace:') ? [] : [`${name} ${children.Version}`];
    });
  };
}

interface PnpmTree {
  readonly path: string;
  readonly from?: string;
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, PnpmTree>>;
  readonly devDependencies?: Readonly<Record<string, PnpmTree>>;
}

function pnpmTree(dependencies: PnpmTree['dependencies']): string[] {
  return Object.entries(dependencies ?? {}).flatMap(([name, one]) =>
    // An optional dependency for another system is listed, too.
    existsSync(one.path) ? [`${one.from ?? name} ${one.version}`, ...pnpmTree(one.dependencies)] : [],
  );
}

/** Builds gems, so that no server is needed; what is read is what RubyGems writes when it installs them. */
async function gem(directory: string) {
  const specifications = [
    { name: 'plain', version: '1.0.0', more: "s.license = 'MIT'" },
    { name: 'with-dash_and.dot', version: '2.1.0.pre3', more: "s.licenses = ['MIT', 'Ruby']" },
    { name: 'native', version: '0.9', more: "s.platform = 'x86_64-linux'" },
  ];
  for (const { name, version, more } of specifications) {
    const fields = `s.name = '${name}'; s.version = '${version}'; s.summary = 'It\\'s "#{1}"'; s.authors = ['a']; ${more}`;
    await write(directory, `${name}.gemspec`, `Gem::Specification.new { |s| ${fields} }\n`);
    run('gem', ['build', `${name}.gemspec`, '--force'], directory);
    const file = gemFile(name, version, more);
    run(
      'gem',
      ['install', '--local', '--force', '--no-document', '--install-dir', join(directory, 'gems'), file],
      directory,
    );
  }
  const home = join(directory, 'gems');
  const list = execFileSync('gem', ['list', '--local', '--no-details', '--all'], {
    env: { ...process.env, GEM_HOME: home, GEM_PATH: home },
  });
  const lines = list.toString().matchAll(/^(\S+) \((.*)\)$/gm);
  // Those that came with Ruby itself are listed as `default: 1.0`.
  return [...lines].flatMap(([, name, versions]) =>
    versions!.split(', ').flatMap((one) => (one.startsWith('default') ? [] : [`${name} ${one.split(' ', 1)[0]}`])),
  );
}

function gemFile(name: string, version: string, more: string): string {
  return `${name}-${version}${more.includes('platform') ? '-x86_64-linux' : ''}.gem`;
}

async function cargo(directory: string) {
  await write(
    directory,
    'Cargo.toml',
    '[package]\nname = "trial"\nversion = "1.0.0"\n\n[dependencies]\nserde_json = "1.0"\nregex = "1"\n',
  );
  await write(directory, 'src/main.rs', 'fn main() {}\n');
  run('cargo', ['generate-lockfile', '--quiet'], directory);
  const { packages } = JSON.parse(run('cargo', ['metadata', '--format-version', '1', '--quiet'], directory)) as {
    packages: (Listed & { source: string | null })[];
  };
  return packages.filter(({ source }) => source).map(({ name, version }) => `${name} ${version}`);
}

async function go(directory: string) {
  const required = 'require (\n\tgithub.com/gin-gonic/gin v1.9.0\n\tgolang.org/x/net v0.7.0 // indirect\n)\n';
  const replaced = 'replace golang.org/x/net => golang.org/x/net v0.8.0\n';
  await write(directory, 'go.mod', `module example.org/trial\n\ngo 1.21\n\n${required}\n${replaced}`);
  await write(directory, 'main.go', 'package main\n\nimport _ "github.com/gin-gonic/gin"\n\nfunc main() {}\n');
  run('go', ['mod', 'tidy'], directory);
  // Modules that packages of the build come from; go.mod lists those of tests of dependencies, too.
  const format = '{{if not .Main}}{{with .Replace}}{{.Path}} {{.Version}}{{else}}{{.Path}} {{.Version}}{{end}}{{end}}';
  const edited = run('go', ['mod', 'edit', '-json'], directory);
  const { Require } = JSON.parse(edited) as { Require: { Path: string }[] };
  const all = run('go', ['list', '-m', '-f', format, ...Require.map(({ Path }) => Path)], directory);
  return all.split('\n').filter((line) => line !== '');
}

async function write(directory: string, name: string, text: string) {
  await mkdir(dirname(join(directory, name)), { recursive: true });
  await writeFile(join(directory, name), text);
}

function run(tool: string, args: readonly string[], cwd: string): string {
  const environment = { ...process.env, GOFLAGS: '-mod=mod', NODE_OPTIONS: '' };
  return execFileSync(tool, args, {
    cwd,
    env: environment,
    stdio: ['ignore', 'pipe', 'ignore'],
    maxBuffer: 1e8,
  }).toString();
}

function isThere(tool: string): boolean {
  try {
    execFileSync('which', [tool], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

async function inventoryIn(directory: string, { types, options }: Trial): Promise<string[]> {
  const tar = execFileSync('tar', ['-cf', '-', '-C', directory, '.'], { maxBuffer: 2 ** 30 });
  const open = async function* () {
    yield tar;
  };
  const contents = await readLayer(open, { analyzers: inventoryAnalyzers, inspectors: inventoryInspectors });
  const { packages } = inventoryOf(apply([{ diffId: 'sha256:trial', contents }]), options);
  // pip does not list what setuptools carries along within itself.
  const isOurs = ({ type, path }: Package) => types.includes(type) && !path.includes('/_vendor/');
  return packages.filter(isOurs).map(({ name, version }) => `${name} ${version}`);
}

const asked = process.argv.slice(2);
for (const trial of trials.filter(({ name }) => asked.length === 0 || asked.includes(name))) {
  if (!isThere(trial.tool)) {
    console.log(`${trial.name}: skipped, ${trial.tool} is not there`);
    continue;
  }
  const directory = await mkdtemp(join(tmpdir(), 'gabion-languages-'));
  try {
    const expected = [...new Set(await trial.expected(directory))];
    const actual = [...new Set(await inventoryIn(directory, trial))];
    if (!isSame(trial.name, actual, expected)) process.exitCode = 1;
  } catch (error) {
    console.log(`${trial.name}: ${error instanceof Error ? error.message.split('\n', 1)[0] : error}`);
    process.exitCode = 1;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

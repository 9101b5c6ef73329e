// Holds the versions that are read from programs against those of the Debian packages that hold them.
//   node --conditions=source conformance/binaries.ts PACKAGE.deb …      (from `apt-get download busybox openssl …`)
import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { programsIn, programsNamed } from '@gabion/inventory/programs/programs';

const files = process.argv.slice(2);
if (files.length === 0) {
  console.error('usage: binaries.ts PACKAGE.deb …');
  process.exit(2);
}
let right = 0;
const wrong: string[] = [];
const unknown: string[] = [];
for (const file of files) {
  const directory = await mkdtemp(join(tmpdir(), 'gabion-deb-'));
  try {
    execFileSync('dpkg-deb', ['-x', file, directory]);
    const [name = '', version = ''] = field(file);
    for (const path of await programFiles(directory)) await check(directory, path, name, version);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
console.log(`${right} programs in the version of their package, ${wrong.length} in another, ${unknown.length} unknown`);
for (const line of [...wrong, ...unknown]) console.log(line);
process.exitCode = wrong.length === 0 ? 0 : 1;

async function check(directory: string, path: string, name: string, version: string): Promise<void> {
  const bytes = await readFile(join(directory, path));
  // Scripts and settings have the names of the programs that they start.
  if (bytes.length < 4 || bytes.readUInt32BE(0) !== 0x7f454c46) return;
  const found = programsIn(bytes, path);
  if (found.length === 0) unknown.push(`unknown: ${path} of ${name} ${version}`);
  for (const one of found) {
    if (isUpstream(one.version, version)) right++;
    else wrong.push(`other:   ${path} of ${name} ${version} is ${one.name} ${one.version}`);
  }
}

/** `1:2.39.5-0+deb12u2` is a package of `2.39.5`, `2.1.0~beta3+git1` one of `2.1.0-beta3`. */
function isUpstream(found: string, packaged: string): boolean {
  const upstream = packaged.replace(/^\d+:/, '').replace('~beta', '-beta');
  const rest = upstream.slice(found.length);
  if (upstream.startsWith(found)) return rest === '' || /^[-+~.]/.test(rest);
  return found.startsWith(upstream.split(/[-+~]/, 1)[0]!);
}

async function programFiles(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)));
  return paths.filter((path) => programsNamed(path).length > 0);
}

function field(file: string): string[] {
  return ['Package', 'Version'].map((name) => execFileSync('dpkg-deb', ['-f', file, name]).toString().trim());
}

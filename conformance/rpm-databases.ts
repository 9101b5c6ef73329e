// Holds what is read of rpm databases against `rpm -qa`: every database below a directory (a root file system, or the
// test data of go-rpmdb), with the write-ahead log beside it. Debian's rpm reads SQLite and Berkeley DB, not NDB.
//   node --conditions=source conformance/rpm-databases.ts DIRECTORY
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, globSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { keepDatabase, keptDatabase, packagesOf } from '@gabion/inventory/rpm/kept-database';
import { installedOf } from '@gabion/inventory/rpm/rpm-installed';
import { isSame } from './image-inventory.ts';

const [directory] = process.argv.slice(2);
if (!directory) {
  console.error('usage: rpm-databases.ts DIRECTORY');
  process.exit(2);
}
const paths = globSync('**/{rpmdb.sqlite,Packages,Packages.db}', { cwd: directory })
  .map((path) => join(directory, path))
  .filter((path) => statSync(path).isFile())
  .sort();
const results = paths.map((path) => (path.endsWith('.db') ? skipped(path) : isAsRpmSays(path)));
const failed = results.filter((isFine) => isFine === false).length;
console.log(`${results.filter((isFine) => isFine).length} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

function skipped(path: string): undefined {
  const { packages, unreadable } = packagesIn(path);
  console.log(`${path}: ${packages.length} packages, ${unreadable} unreadable; skipped: no rpm to ask`);
}

function isAsRpmSays(path: string): boolean {
  const { packages, unreadable, keptBytes } = packagesIn(path);
  console.log(`${path}: ${statSync(path).size} bytes, ${keptBytes} kept, ${unreadable} unreadable`);
  const actual = packages.flatMap((rpm) => {
    const installed = installedOf(rpm);
    if (!installed) return [];
    const { name, version, architecture, module } = installed;
    return [
      [name, version, architecture, module || '(none)', rpm.sourceRpm, rpm.vendor || '(none)', rpm.license].join('|'),
    ];
  });
  return isSame(basename(path), actual.toSorted(), queried(path).toSorted());
}

function packagesIn(path: string) {
  const main = keepDatabase(readFileSync(path));
  const log = existsSync(`${path}-wal`) ? keepDatabase(readFileSync(`${path}-wal`)) : Buffer.alloc(0);
  return { ...packagesOf(keptDatabase(main)!, keptDatabase(log)), keptBytes: main.length + log.length };
}

/** A copy is asked: rpm writes beside the database that it reads. */
function queried(path: string): string[] {
  const copy = mkdtempSync(join(tmpdir(), 'gabion-rpm-'));
  try {
    for (const suffix of ['', '-wal']) {
      if (existsSync(path + suffix)) copyFileSync(path + suffix, join(copy, basename(path) + suffix));
    }
    const epoch = '%|EPOCH?{%{EPOCH}:}|';
    const fields = ['NAME', `VERSION}-%{RELEASE`, 'ARCH', 'MODULARITYLABEL', 'SOURCERPM', 'VENDOR', 'LICENSE'];
    const format = fields.map((field) => `${field.startsWith('VERSION') ? epoch : ''}%{${field}}`).join('|');
    const query = execFileSync('rpm', ['--dbpath', copy, '-qa', '--qf', `${format}\\n`], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return query
      .toString()
      .trim()
      .split('\n')
      .filter((line) => !line.startsWith('gpg-pubkey|'))
      .map((line) => asInventoried(line.split('|')));
  } finally {
    rmSync(copy, { recursive: true });
  }
}

function asInventoried([name, version = '', architecture, label = '', ...rest]: readonly string[]): string {
  return [name, version.replace(/^0:/, ''), architecture, label.split(':', 2).join(':'), ...rest].join('|');
}

import { keptLines, linesOf } from '../lines.ts';
import type { Installed } from '../package.ts';
import type { Warnings } from '../warnings.ts';

/** States of deb-status(5) in which the files of a package are on disk. */
const presentStates = new Set(['installed', 'unpacked', 'half-configured', 'triggers-awaited', 'triggers-pending']);

/** Only the fields of a status file that `parseDpkg` reads. */
export function keptStanzas(content: Buffer): Buffer {
  return keptLines(
    content,
    (line) => line.trim() === '' || /^(package|status|version|source|architecture):/i.test(line),
  );
}

/** The packages of a status file, or of one file of `status.d`. */
export function parseDpkg(content: Buffer, path: string, warnings?: Warnings): Installed[] {
  const found: Installed[] = [];
  let fields = new Map<string, string>();
  const finish = () => {
    const installed = fields.size > 0 ? packageOf(fields, path, warnings) : undefined;
    if (installed) found.push(installed);
    fields = new Map();
  };
  for (const line of linesOf(content)) {
    if (line.trim() === '') finish();
    const colon = line.indexOf(':');
    if (colon > 0 && !/^\s/.test(line)) fields.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  finish();
  return found;
}

function packageOf(fields: Map<string, string>, path: string, warnings?: Warnings): Installed | undefined {
  const name = fields.get('package') ?? '';
  const version = fields.get('version') ?? '';
  const state = fields.get('status')?.split(/\s+/)[2];
  if (state === undefined ? fields.has('status') : !presentStates.has(state)) return undefined;
  // Policy 5.6.1 and 5.6.12, with the upper case and underscores that third parties use.
  if (!/^[A-Za-z0-9][A-Za-z0-9+._-]{0,255}$/.test(name) || !/^[0-9A-Za-z][0-9A-Za-z.+~:_-]{0,255}$/.test(version)) {
    warnings?.add('package_incomplete', `${path}: ${JSON.stringify(name.slice(0, 100))} has no valid name and version`);
    return undefined;
  }
  const source = /^([A-Za-z0-9][A-Za-z0-9+._-]*)\s*(?:\(([^()\s]+)\))?/.exec(fields.get('source') ?? '');
  return {
    name,
    version,
    architecture: fields.get('architecture')?.slice(0, 32) ?? '',
    sourceName: source?.[1] ?? name,
    // A binary-only rebuild adds +bN to the version of a source that stays as it is.
    sourceVersion: source?.[2] ?? version.replace(/\+b\d+$/, ''),
    licenses: [],
  };
}

import { zstdDecompressSync } from 'node:zlib';
import type { Analyzer } from '@gabion/rootfs/layer-contents';
import { linesOf } from '../lines.ts';
import { isOwnable } from '../ownable.ts';
import type { Installed } from '../package.ts';
import type { Warnings } from '../warnings.ts';

/** What Ubuntu's chiselled images, made of slices of packages, have in place of dpkg's database. */
export const chiselManifest = 'var/lib/chisel/manifest.wall';

/** A manifest of a thousand packages has some 10 MB. */
const maxManifestBytes = 64 * 1024 * 1024;

export const chiselAnalyzer: Analyzer = {
  name: 'chisel',
  wants: (path) => (path === chiselManifest ? 16 * 1024 * 1024 : undefined),
  reduce: (_path, content) => keptManifest(content),
};

/** The packages of a manifest. It does not say of which source they are. */
export function parseChisel(content: Buffer, path: string, warnings?: Warnings): Installed[] {
  const found: Installed[] = [];
  for (const { kind, name, version, arch } of objectsIn(content)) {
    if (kind !== 'package') continue;
    if (!isText(name, /^[a-z0-9][a-z0-9+.-]{0,255}$/) || !isText(version, /^[0-9A-Za-z][0-9A-Za-z.+~:-]{0,255}$/)) {
      warnings?.add('package_malformed', `${path}: a package has no valid name and version`);
      continue;
    }
    const architecture = typeof arch === 'string' ? arch.slice(0, 32) : '';
    found.push({ name, version, architecture, sourceName: name, sourceVersion: version, licenses: [] });
  }
  if (found.length > 0) {
    const message = `${path} names no source packages: what is known of a source of another name is not found`;
    warnings?.add('package_incomplete', message);
  }
  return found;
}

/** Ownable files that slices of packages brought. */
export function* chiselPaths(content: Buffer): Generator<string> {
  for (const { kind, path } of objectsIn(content)) {
    if (kind === 'path' && typeof path === 'string' && isOwnable(path)) yield path.replace(/^\//, '');
  }
}

/** The lines that are read later, out of the Zstandard frame; nothing of what is no manifest. */
function keptManifest(content: Buffer): Buffer {
  const kept: string[] = [];
  for (const { kind, name, version, arch, path } of objectsIn(decompressed(content))) {
    if (kind === 'package') kept.push(JSON.stringify({ kind, name, version, arch }));
    if (kind === 'path' && typeof path === 'string' && isOwnable(path)) kept.push(JSON.stringify({ kind, path }));
  }
  return Buffer.from(kept.join('\n'));
}

function decompressed(content: Buffer): Buffer {
  try {
    return zstdDecompressSync(content, { maxOutputLength: maxManifestBytes });
  } catch {
    return Buffer.alloc(0);
  }
}

/** "jsonwall": an object a line. */
function* objectsIn(content: Buffer): Generator<Record<string, unknown>> {
  for (const line of linesOf(content)) {
    const object = parsed(line);
    if (typeof object === 'object' && object !== null) yield object as Record<string, unknown>;
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function isText(value: unknown, form: RegExp): value is string {
  return typeof value === 'string' && form.test(value);
}

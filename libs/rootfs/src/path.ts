import { RootfsError } from './rootfs-error.ts';

/** Bounds on the names in a layer. */
export interface PathLimits {
  readonly maxPathBytes: number;
  readonly maxDepth: number;
}

/**
 * The path of a tar member from the root, without leading `/` or `./`; `''` is the root itself.
 * A `..` anywhere is refused: no tool writes one into a layer, and runtimes disagree on what it means.
 */
export function memberPath(name: string, limits: PathLimits): string {
  if (name.length > limits.maxPathBytes) throw new RootfsError('name_too_long', `a name has ${name.length} characters`);
  const segments = cleanSegments(name);
  if (segments.includes('..'))
    throw new RootfsError('path_escapes', `the member ${quoted(name)} leads out of the root`);
  if (segments.length > limits.maxDepth) throw new RootfsError('path_too_deep', `a path has ${segments.length} levels`);
  return segments.join('/');
}

/** The path of a hard link's target, which must be relative to the root and stay in it. */
export function hardLinkTarget(target: string, limits: PathLimits): string {
  if (target.startsWith('/') || target.split('/').includes('..')) {
    throw new RootfsError('link_escapes', `a hard link leads to ${quoted(target)}`);
  }
  return memberPath(target, limits);
}

/**
 * Refuses a relative symbolic link that climbs above the root, as Docker does; absolute ones are normal in images
 * (`/etc/alternatives`) and mean the image's own root.
 */
export function checkSymlink(path: string, target: string, limits: PathLimits): void {
  if (target.length > limits.maxPathBytes) throw new RootfsError('name_too_long', 'a link target is too long');
  if (target.startsWith('/')) return;
  let depth = path.split('/').length - 1;
  for (const segment of cleanSegments(target)) {
    depth += segment === '..' ? -1 : 1;
    if (depth < 0) throw new RootfsError('link_escapes', `the link ${quoted(path)} leads to ${quoted(target)}`);
  }
}

/** Every directory above a path, nearest last: `a/b/c` → `a`, `a/b`. */
export function* ancestorsOf(path: string): Generator<string> {
  for (let at = path.indexOf('/'); at !== -1; at = path.indexOf('/', at + 1)) yield path.slice(0, at);
}

/** Segments of a path without the empty ones and `.`. */
export function cleanSegments(path: string): string[] {
  return path.split('/').filter((segment) => segment !== '' && segment !== '.');
}

/** The directory a path stands in; `''` is the root. */
export function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

/** The last segment of a path. */
export function baseOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function quoted(name: string): string {
  return JSON.stringify(name.length > 200 ? `${name.slice(0, 200)}…` : name);
}

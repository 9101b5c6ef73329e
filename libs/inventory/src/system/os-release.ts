import type { Analyzer } from '@gabion/rootfs/layer-contents';
import type { View } from '@gabion/rootfs/view';

/** What the image calls its operating system. */
export interface OperatingSystem {
  /** `ID` of os-release(5): `debian`, `alpine`. */
  readonly id: string;
  /** `VERSION_ID`; empty for a rolling or unreleased system. */
  readonly version: string;
  readonly prettyName: string;
  /** `VERSION_CODENAME`, or empty. */
  readonly codename: string;
}

const releaseFiles = ['etc/os-release', 'usr/lib/os-release'];
const files = new Set([...releaseFiles, 'etc/alpine-release', 'etc/debian_version']);

export const osReleaseAnalyzer: Analyzer = {
  name: 'os-release',
  wants: (path) => (files.has(path) ? 64 * 1024 : undefined),
};

/** The operating system of an image, if it names one. */
export function osRelease(view: View): OperatingSystem | undefined {
  for (const path of releaseFiles) {
    const content = view.read(path)?.content;
    if (!content) continue;
    const fields = parseOsRelease(content.toString());
    const id = fields.get('ID')?.toLowerCase();
    // The default of the manual page is "linux", which says nothing.
    if (!id || !/^[a-z0-9._-]{1,64}$/.test(id)) continue;
    return {
      id,
      version: fields.get('VERSION_ID') ?? '',
      prettyName: fields.get('PRETTY_NAME') ?? id,
      codename: fields.get('VERSION_CODENAME') ?? '',
    };
  }
  return fallback(view);
}

/** The assignments of os-release(5), with the shell's quoting taken off. */
export function parseOsRelease(text: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const line of text.replace(/^\uFEFF/, '').split(/\r?\n/)) {
    const [, name, value] = /^\s*([A-Z][A-Z0-9_]*)=(.*)$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) fields.set(name, unquoted(value.trim()).slice(0, 1024));
  }
  return fields;
}

/** The OSV ecosystem whose advisories speak of the system's packages. */
export function ecosystemOf(os: OperatingSystem): string {
  const [major = '', minor] = os.version.split('.');
  switch (os.id) {
    case 'debian':
      return major === '' ? 'Debian' : `Debian:${major}`;
    case 'ubuntu':
      return os.version === '' ? 'Ubuntu' : `Ubuntu:${os.version}`;
    case 'alpine':
      // Before a release edge calls itself 3.21.0_alpha20241010.
      if (/alpha|edge/.test(os.version) || minor === undefined) return 'Alpine:edge';
      return `Alpine:v${major}.${minor}`;
    case 'wolfi':
      return 'Wolfi';
    case 'chainguard':
      return 'Chainguard';
    default:
      return os.version === '' ? os.id : `${os.id}:${os.version}`;
  }
}

function unquoted(value: string): string {
  const quote = value[0];
  if (quote === "'") return value.slice(1, value.endsWith("'") && value.length > 1 ? -1 : undefined);
  const inner = quote === '"' ? value.slice(1, value.endsWith('"') && value.length > 1 ? -1 : undefined) : value;
  return inner.replace(/\\(["$`\\'])/g, '$1');
}

function fallback(view: View): OperatingSystem | undefined {
  const first = (path: string) => view.read(path)?.content?.toString().split('\n')[0]?.trim().slice(0, 64);
  const alpine = first('etc/alpine-release');
  if (alpine) return { id: 'alpine', version: alpine, prettyName: `Alpine Linux ${alpine}`, codename: '' };
  const debian = first('etc/debian_version');
  if (!debian) return undefined;
  // A release says "11.3"; before it, "bookworm/sid".
  const version = /^\d+/.exec(debian)?.[0] ?? '';
  return { id: 'debian', version, prettyName: `Debian ${debian}`, codename: '' };
}

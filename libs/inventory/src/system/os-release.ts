import type { Analyzer } from '@gabion/rootfs/layer-contents';
import type { View } from '@gabion/rootfs/view';
import { releaseFiles, systemOfReleaseFiles } from './release-files.ts';

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

const osReleaseFiles = ['etc/os-release', 'usr/lib/os-release'];
const files = new Set([...osReleaseFiles, ...releaseFiles]);

export const osReleaseAnalyzer: Analyzer = {
  name: 'os-release',
  wants: (path) => (files.has(path) ? 64 * 1024 : undefined),
};

/** The operating system of an image, if it names one. */
export function osRelease(view: View): OperatingSystem | undefined {
  for (const path of osReleaseFiles) {
    const content = view.read(path)?.content;
    if (!content) continue;
    const fields = parseOsRelease(content.toString());
    const id = fields.get('ID')?.toLowerCase();
    // The default of the manual page is "linux", which says nothing.
    if (!id || !/^[a-z0-9._-]{1,64}$/.test(id)) continue;
    return {
      id,
      version: fields.get('VERSION_ID') ?? '',
      prettyName: fields.get('PRETTY_NAME') ?? fields.get('NAME') ?? id,
      codename: fields.get('VERSION_CODENAME') ?? '',
    };
  }
  return systemOfReleaseFiles((path) => view.read(path)?.content?.toString('utf8', 0, 4096));
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

function unquoted(value: string): string {
  const quote = value[0];
  if (quote === "'") return value.slice(1, value.endsWith("'") && value.length > 1 ? -1 : undefined);
  const inner = quote === '"' ? value.slice(1, value.endsWith('"') && value.length > 1 ? -1 : undefined) : value;
  return inner.replace(/\\(["$`\\'])/g, '$1');
}

import type { Analyzer } from '@gabion/rootfs/layer-contents';
import type { Cataloguer } from '../cataloguer.ts';
import type { Installed } from '../package.ts';
import { placed } from '../placement.ts';
import { purl } from '../purl.ts';
import type { Warnings } from '../warnings.ts';

const maxBytes = 4 * 1024 * 1024;
const maxComponents = 1000;

const bitnamiAnalyzer: Analyzer = {
  name: 'bitnami',
  wants: (path) => (isComponents(path) || isSpdx(path) ? maxBytes : undefined),
};

/** Components that Bitnami's images are made of: an SPDX document beside each, or one list of all in older images. */
export const bitnamiCataloguer: Cataloguer = {
  name: 'bitnami',
  kind: 'language',
  analyzers: [bitnamiAnalyzer],
  find(image) {
    const files = [...image.view.files.values()];
    const documents = files.filter(({ path }) => isSpdx(path));
    const lists = files.filter(({ path }) => isComponents(path));
    const kind = { type: 'bitnami', evidence: 'package-metadata', ids } as const;
    const described = documents.flatMap((file) => placed(image, file, { ...kind, parse: parseSpdx }));
    const named = new Set(described.map(({ name }) => name));
    const listed = lists.flatMap((file) => placed(image, file, { ...kind, parse: parseComponents }));
    return { packages: [...described, ...listed.filter(({ name }) => !named.has(name))] };
  },
};

/** The component that an SPDX document of Bitnami describes: its package with a `pkg:bitnami/` URL. */
export function parseSpdx(content: Buffer, path: string, warnings?: Warnings): Installed[] {
  const packages = jsonOf(content, path, warnings)?.packages;
  if (!Array.isArray(packages)) return [];
  return packages.slice(0, maxComponents).flatMap((one: unknown) => {
    const { name, versionInfo, externalRefs } = (one ?? {}) as Record<string, unknown>;
    const refs = Array.isArray(externalRefs) ? externalRefs.slice(0, 20) : [];
    const isComponent = refs.some((ref) => String(ref?.referenceLocator ?? '').startsWith('pkg:bitnami/'));
    return isComponent ? installed(name, versionInfo) : [];
  });
}

/** `{"redis": {"version": "6.2.6-0", …}, …}`. */
export function parseComponents(content: Buffer, path: string, warnings?: Warnings): Installed[] {
  const json = jsonOf(content, path, warnings) ?? {};
  return Object.entries(json)
    .slice(0, maxComponents)
    .flatMap(([name, component]) => installed(name, (component as Record<string, unknown> | null)?.version));
}

function installed(name: unknown, version: unknown): Installed[] {
  if (typeof name !== 'string' || typeof version !== 'string') return [];
  if (!/^[\w.+-]{1,128}$/.test(name) || !/^\d[\w.+~-]{0,127}$/.test(version)) return [];
  // Its advisories speak of upstream versions: `-0` to the end is the revision of the image.
  const upstream = version.replace(/-\d{1,4}$/, '');
  return [{ name, version, architecture: '', sourceName: name, sourceVersion: upstream, licenses: [] }];
}

function ids({ name, version }: Installed) {
  return { ecosystem: 'Bitnami', purl: purl({ type: 'bitnami', name, version }) };
}

function jsonOf(content: Buffer, path: string, warnings?: Warnings): Record<string, unknown> | undefined {
  try {
    const json: unknown = JSON.parse(content.toString());
    if (typeof json === 'object' && json !== null) return json as Record<string, unknown>;
  } catch {}
  warnings?.add('package_malformed', `${path} is not a JSON object`);
  return undefined;
}

function isSpdx(path: string): boolean {
  return /^opt\/bitnami\/(?:[^/]{1,128}\/)?\.spdx-[^/]{1,128}\.spdx$/.test(path);
}

function isComponents(path: string): boolean {
  return path === 'opt/bitnami/.bitnami_components.json';
}

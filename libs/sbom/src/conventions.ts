import type { PackageHints } from './package-from-purl.ts';

/**
 * What properties of a component tell, by the conventions of the tools that wrote them: Gabion's own, Trivy's
 * (`aquasecurity:trivy:SrcName`) and Syft's (`syft:metadata:source`).
 */
export function hintsOfProperties(properties: ReadonlyMap<string, string>): PackageHints {
  const first = (...names: readonly string[]) => names.map((name) => properties.get(name)).find(Boolean) ?? '';
  const trivy = (name: string) => properties.get(`aquasecurity:trivy:${name}`) ?? '';
  const source = first(
    'gabion:source:name',
    'aquasecurity:trivy:SrcName',
    'syft:metadata:source',
    'syft:metadata:originPackage',
  );
  const sourceVersion =
    first('gabion:source:version') ||
    evr(trivy('SrcEpoch'), trivy('SrcVersion'), trivy('SrcRelease')) ||
    first('syft:metadata:sourceVersion');
  const layerDiffId = first('gabion:layer:diffId', 'aquasecurity:trivy:LayerDiffID', 'syft:location:0:layerID');
  return {
    ...(source && { sourceName: source.slice(0, 256) }),
    ...(sourceVersion && { sourceVersion: sourceVersion.slice(0, 256) }),
    ...given('module', first('gabion:module', 'aquasecurity:trivy:Modularitylabel', 'syft:metadata:modularityLabel')),
    ...given('layerDiffId', /^sha256:[0-9a-f]{64}$/.test(layerDiffId) ? layerDiffId : ''),
    ...given('path', pathOf(first('gabion:path', 'aquasecurity:trivy:FilePath', 'syft:location:0:path', 'SrcFile'))),
  };
}

/** A path as inventories have it: without a leading slash. */
export function pathOf(text: string): string {
  return text.replace(/^\/+/, '').slice(0, 4096);
}

function given<K extends 'module' | 'layerDiffId' | 'path'>(key: K, value: string): { [key in K]?: string } {
  return value === '' ? {} : ({ [key]: value } as { [key in K]: string });
}

function evr(epoch: string, version: string, release: string): string {
  if (version === '') return '';
  return `${/^[1-9]\d*$/.test(epoch) ? `${epoch}:` : ''}${version}${release === '' ? '' : `-${release}`}`;
}

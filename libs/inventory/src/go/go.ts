import type { Inspection, Inspector } from '@gabion/rootfs/inspector';
import type { Cataloguer } from '../cataloguer.ts';
import { formatOf } from '../elf/executable.ts';
import { type NotedPackage, notedPackages, type PackageNote } from '../noted.ts';
import { readBuildInfo } from './build-info.ts';
import { BuildInfoScan } from './build-info-scan.ts';
import { goPackages } from './go-packages.ts';

/** A larger program is searched while it goes by, for the form that Go writes since 1.18. */
const wholeUpTo = 64 * 1024 * 1024;

/** Finds Go programs and libraries by the build information in them. */
export const goInspector: Inspector<PackageNote> = {
  name: 'go',
  inspect({ path, size }, head) {
    if (!formatOf(head)) return undefined;
    return size <= wholeUpTo ? ofWhole(path) : ofStream(path);
  },
};

/** Go modules in programs; the standard library is the package `stdlib`. */
export const goCataloguer: Cataloguer = {
  name: 'go',
  kind: 'language',
  inspectors: [goInspector],
  find(image) {
    const kind = { inspector: goInspector.name, type: 'golang', evidence: 'build-information' } as const;
    return { packages: notedPackages(image, kind) };
  },
};

/** The packages of a Go program in memory; empty for any other file. Never throws. */
export function packagesOfGoProgram(bytes: Buffer): NotedPackage[] {
  const info = readBuildInfo(bytes);
  return info ? goPackages(info) : [];
}

function ofWhole(path: string): Inspection<PackageNote> {
  return { wholeUpTo, end: (whole) => note(path, whole ? packagesOfGoProgram(whole) : []) };
}

function ofStream(path: string): Inspection<PackageNote> {
  const scan = new BuildInfoScan();
  return {
    write: (chunk) => scan.write(chunk),
    end: () => {
      const info = scan.end();
      return note(path, info ? goPackages(info) : []);
    },
  };
}

function note(path: string, packages: readonly NotedPackage[]): PackageNote[] {
  return packages.length === 0 ? [] : [{ path, packages }];
}

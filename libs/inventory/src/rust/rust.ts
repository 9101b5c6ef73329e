import type { Inspector } from '@gabion/rootfs/inspector';
import type { Cataloguer } from '../cataloguer.ts';
import { formatOf } from '../elf/executable.ts';
import { notedPackages, type PackageNote } from '../noted.ts';
import { auditableCrates } from './auditable.ts';

/** Programs of Rust are linked statically, but rarely over some 10 MiB. */
const wholeUpTo = 96 * 1024 * 1024;

/** Finds Rust programs built by `cargo auditable`. */
export const rustInspector: Inspector<PackageNote> = {
  name: 'rust',
  inspect({ path }, head) {
    if (!formatOf(head)) return undefined;
    return {
      wholeUpTo,
      end: (whole) => {
        const packages = whole && auditableCrates(whole);
        return packages && packages.length > 0 ? [{ path, packages }] : [];
      },
    };
  },
};

/** Crates in programs that were built by `cargo auditable`. */
export const rustCataloguer: Cataloguer = {
  name: 'rust',
  kind: 'language',
  inspectors: [rustInspector],
  find: (image) => ({
    packages: notedPackages(image, { inspector: rustInspector.name, type: 'cargo', evidence: 'build-information' }),
  }),
};

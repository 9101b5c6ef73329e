import type { Inspector } from '@gabion/rootfs/inspector';
import type { Cataloguer } from '../cataloguer.ts';
import { notedPackages, type PackageNote } from '../noted.ts';
import { isJavaArchiveName, type JavaArchiveOptions, packagesOfJavaArchive } from './java-archive.ts';

/** Programs with all they need in one archive (Spark, Flink) have some 200 MiB. */
const wholeUpTo = 256 * 1024 * 1024;

/** Finds Java archives and reads what is in them. */
export function javaInspector(options: JavaArchiveOptions = {}): Inspector<PackageNote> {
  return {
    name: 'java',
    inspect({ path }, head) {
      if (!isJavaArchiveName(path) || !isArchive(head)) return undefined;
      return { wholeUpTo, end: (whole) => notesOf(path, whole, options) };
    },
  };
}

/** Maven artifacts in Java archives, nested ones included. */
export const javaCataloguer: Cataloguer = {
  name: 'java',
  kind: 'language',
  inspectors: [javaInspector()],
  find: (image) => ({
    packages: notedPackages(image, { inspector: 'java', type: 'maven', evidence: 'package-metadata' }),
  }),
};

/** A zip, or the script that self-executing archives begin with. */
function isArchive(head: Buffer): boolean {
  return head.length >= 22 && ['PK', '#!', 'MZ'].includes(head.toString('latin1', 0, 2));
}

function notesOf(path: string, whole: Buffer | undefined, options: JavaArchiveOptions): PackageNote[] {
  if (!whole) return [{ path, packages: [], problems: [{ code: 'file_too_large', message: `${path} was not read` }] }];
  const { packages, problems } = packagesOfJavaArchive(whole, path, options);
  if (packages.length === 0 && problems.length === 0) return [];
  const listed = problems.map((message) => ({ code: 'archive_not_read' as const, message: `${path}: ${message}` }));
  return [{ path, packages, ...(listed.length > 0 && { problems: listed }) }];
}

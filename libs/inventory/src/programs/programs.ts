import type { Inspector } from '@gabion/rootfs/inspector';
import type { Cataloguer } from '../cataloguer.ts';
import { notedPackages, type PackageNote } from '../noted.ts';
import { onePerInstallation } from './installation.ts';
import { javaReleases, javaRuntimes } from './java-runtimes.ts';
import { libraries } from './libraries.ts';
import { PatternScan, type Sighting } from './pattern-scan.ts';
import type { Program } from './program.ts';
import { runtimes } from './runtimes.ts';
import { servers } from './servers.ts';
import { tools } from './tools.ts';

/** All programs that are told by a text in them. */
export const programs: readonly Program[] = [
  ...runtimes,
  ...servers,
  ...libraries,
  ...tools,
  ...javaRuntimes,
  ...javaReleases,
];

/** A program has some 300 MiB at most (Chromium); what is larger is searched up to here. */
const maxSearchedBytes = 512 * 1024 * 1024;
const maxTextBytes = 4 * 1024 * 1024;

const byName = new Map<string, Program[]>();
for (const program of programs)
  for (const file of program.files ?? []) byName.set(file, [...(byName.get(file) ?? []), program]);
const byPath = programs.filter(({ path }) => path !== undefined);
/** One test in place of many, for the most files, which are none of them. */
const anyPath = new RegExp(byPath.map(({ path }) => path!.source).join('|'));

/** Finds programs without a package manager by their name and a text in them. */
export const programInspector: Inspector<PackageNote> = {
  name: 'programs',
  inspect({ path, size }, head) {
    const candidates = programsNamed(path).filter((program) => isPossible(program, size, head));
    if (candidates.length === 0) return undefined;
    const scan = new PatternScan(candidates, path);
    let left = maxSearchedBytes;
    return {
      write(chunk) {
        if (left > 0) scan.write(chunk);
        left -= chunk.length;
      },
      end: () => notesOf(path, scan.end()),
    };
  },
};

/** Programs that no package manager brought, as long as no package of the system owns their file. */
export const programCataloguer: Cataloguer = {
  name: 'programs',
  kind: 'program',
  inspectors: [programInspector],
  find(image) {
    const kind = { inspector: programInspector.name, type: 'generic', evidence: 'binary-pattern' } as const;
    return { packages: onePerInstallation(notedPackages(image, kind)) };
  },
};

/** What a file of this path may be. */
export function programsNamed(path: string): readonly Program[] {
  const exact = byName.get(path.slice(path.lastIndexOf('/') + 1)) ?? [];
  if (!anyPath.test(path)) return exact;
  return programs.filter((program) => exact.includes(program) || program.path?.test(path));
}

/** The programs that a whole file is. Never throws. */
export function programsIn(bytes: Buffer, path: string): Sighting[] {
  const scan = new PatternScan(programsNamed(path), path);
  scan.write(bytes);
  return scan.end();
}

/** A script is no program of machine code, though it may have its name and start it. */
function isPossible({ isText }: Program, size: number, head: Buffer): boolean {
  return isText ? size <= maxTextBytes : head.toString('latin1', 0, 2) !== '#!';
}

function notesOf(path: string, packages: readonly Sighting[]): PackageNote[] {
  return packages.length === 0 ? [] : [{ path, packages }];
}

import type { Analyzer } from '@gabion/rootfs/layer-contents';
import type { Cataloguer } from '../cataloguer.ts';
import { keptLines, linesOf } from '../lines.ts';
import { isOwnable } from '../ownable.ts';
import type { Installed } from '../package.ts';
import { placed } from '../placement.ts';
import type { Warnings } from '../warnings.ts';
import { systemIds } from './system-ids.ts';

/** A directory a package, with its description (`desc`) and its files (`files`). */
const databaseDirectory = 'var/lib/pacman/local';

const pacmanAnalyzer: Analyzer = {
  name: 'pacman',
  wants(path) {
    if (!path.startsWith(`${databaseDirectory}/`)) return undefined;
    if (path.endsWith('/desc')) return 1024 * 1024;
    return path.endsWith('/files') ? 32 * 1024 * 1024 : undefined;
  },
  reduce: (path, content) => (path.endsWith('/files') ? keptLines(content, isOwnable) : content),
};

/** Arch Linux and what is built from it. */
export const pacmanCataloguer: Cataloguer = {
  name: 'pacman',
  kind: 'system',
  analyzers: [pacmanAnalyzer],
  find(image) {
    const files = image.view.below(databaseDirectory);
    const descriptions = files.filter(({ path }) => path.endsWith('/desc'));
    const lists = files.filter(({ path }) => path.endsWith('/files'));
    const ids = systemIds('alpm', image.operatingSystem);
    return {
      packages: descriptions.flatMap((file) =>
        placed(image, file, { type: 'alpm', evidence: 'package-database', parse: parsePacman, ids }),
      ),
      ownedPaths: lists.flatMap(({ content }) => (content ? [...linesOf(content)].filter(isOwnable) : [])),
      hasDatabase: descriptions.length > 0,
    };
  },
};

/** The package of a `desc`: names of fields between `%`, a value a line, an empty line after the last. */
export function parsePacman(content: Buffer, path: string, warnings?: Warnings): Installed[] {
  const fields = new Map<string, string[]>();
  let values: string[] = [];
  for (const line of linesOf(content)) {
    const field = /^%([A-Z0-9]{1,32})%$/.exec(line)?.[1];
    if (field === undefined) {
      if (line !== '' && values.length < 100) values.push(line.trim().slice(0, 1024));
      continue;
    }
    values = [];
    fields.set(field, values);
  }
  const first = (field: string) => fields.get(field)?.[0] ?? '';
  const name = first('NAME');
  const version = first('VERSION');
  if (!/^[A-Za-z0-9@_+][A-Za-z0-9@._+-]{0,255}$/.test(name) || !/^[A-Za-z0-9:._+~-]{1,255}$/.test(version)) {
    warnings?.add('package_incomplete', `${path}: ${JSON.stringify(name.slice(0, 100))} has no valid name and version`);
    return [];
  }
  const architecture = first('ARCH').slice(0, 32);
  const sourceName = first('BASE').slice(0, 256) || name;
  // Packages of one base are built together and share its version.
  return [{ name, version, architecture, sourceName, sourceVersion: version, licenses: fields.get('LICENSE') ?? [] }];
}

import type { Analyzer } from '@gabion/rootfs/layer-contents';
import type { Cataloguer } from '../cataloguer.ts';
import { keptLines, linesOf } from '../lines.ts';
import { isOwnable } from '../ownable.ts';
import { placed } from '../placement.ts';
import { keptStanzas, parseDpkg } from './dpkg-status.ts';
import { systemIds } from './system-ids.ts';

/** OpenWrt, then Yocto and others. */
const directories = ['usr/lib/opkg', 'var/lib/opkg'];

const isStatus = (path: string) => directories.some((directory) => path === `${directory}/status`);
const isList = (path: string) =>
  path.endsWith('.list') && directories.some((directory) => path.startsWith(`${directory}/info/`));

const opkgAnalyzer: Analyzer = {
  name: 'opkg',
  wants: (path) => (isStatus(path) || isList(path) ? 16 * 1024 * 1024 : undefined),
  reduce: (path, content) => (isStatus(path) ? keptStanzas(content) : keptLines(content, isOwnable)),
};

/** Small systems whose database has the form of dpkg's. */
export const opkgCataloguer: Cataloguer = {
  name: 'opkg',
  kind: 'system',
  analyzers: [opkgAnalyzer],
  find(image) {
    const { view } = image;
    const read = directories.flatMap((directory) => view.read(`${directory}/status`) ?? []);
    const files = [...new Map(read.map((file) => [file.path, file])).values()];
    const ids = systemIds('opkg', image.operatingSystem);
    // Advisories of OpenWrt name its sources, which a status does not.
    const idsWithoutEcosystem = (found: Parameters<typeof ids>[0]) => ({ ...ids(found), ecosystem: '' });
    const lists = directories.flatMap((directory) => view.below(`${directory}/info`));
    return {
      packages: files.flatMap((file) =>
        placed(image, file, {
          type: 'opkg',
          evidence: 'package-database',
          parse: parseDpkg,
          ids: idsWithoutEcosystem,
        }),
      ),
      ownedPaths: lists.flatMap(({ content }) => [...linesOf(content ?? Buffer.alloc(0))].map((path) => path.slice(1))),
      hasDatabase: files.length > 0,
    };
  },
};

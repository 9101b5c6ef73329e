import { readLayer } from '@gabion/rootfs/layer';
import { apply } from '@gabion/rootfs/view';
import { file, type LayerEntry, layerTar, symlink } from '@gabion/testkit/layer-tar';
import { describe, expect, it } from '@jest/globals';
import { zipSync } from 'fflate';
import { inventoryAnalyzers, inventoryOf } from '../inventory.ts';

async function inventory(...layers: LayerEntry[][]) {
  const read = layers.map(async (entries, index) => {
    const open = async function* () {
      yield layerTar(entries);
    };
    return { diffId: `layer-${index}`, contents: await readLayer(open, { analyzers: inventoryAnalyzers }) };
  });
  return inventoryOf(apply(await Promise.all(read)));
}

const manifest = (name: string, version = '1.0.0') => JSON.stringify({ name, version, license: 'MIT' });

describe('npm packages of an image', () => {
  it('counts a package of pnpm once, though links lead to it from everywhere', async () => {
    const { packages } = await inventory([
      file('app/node_modules/.pnpm/a@1.0.0/node_modules/a/package.json', manifest('a')),
      symlink('app/node_modules/a', '.pnpm/a@1.0.0/node_modules/a'),
      symlink('app/node_modules/.pnpm/b@1.0.0/node_modules/a', '../../a@1.0.0/node_modules/a'),
      file('app/node_modules/.pnpm/b@1.0.0/node_modules/b/package.json', manifest('b')),
    ]);
    expect(packages.map(({ path }) => path)).toEqual([
      'app/node_modules/.pnpm/a@1.0.0/node_modules/a/package.json',
      'app/node_modules/.pnpm/b@1.0.0/node_modules/b/package.json',
    ]);
  });

  it('finds a package whose file is a hard link into the store', async () => {
    const { packages, warnings } = await inventory([
      file('root/.local/share/pnpm/store/v3/files/00/abc', manifest('a')),
      {
        path: 'app/node_modules/a/package.json',
        type: 'hardlink',
        link: 'root/.local/share/pnpm/store/v3/files/00/abc',
      },
    ]);
    expect(packages.map(({ purl }) => purl)).toEqual(['pkg:npm/a@1.0.0']);
    expect(warnings).toEqual([]);
  });

  it('names an alias by the package that it stands for', async () => {
    const { packages } = await inventory([file('node_modules/alias/package.json', manifest('real'))]);
    expect(packages.map(({ name }) => name)).toEqual(['real']);
  });

  it("finds what Yarn's Plug'n'Play keeps in zips, what it unplugs, and Deno's cache", async () => {
    const zip = zipSync({
      'node_modules/@s/a/package.json': Buffer.from(manifest('@s/a')),
      'node_modules/@s/a/x.js': Buffer.from(''),
    });
    const { packages } = await inventory([
      file('app/.yarn/cache/@s-a-npm-1.0.0-cc910f9962-169fc20801.zip', zip),
      file('app/.yarn/unplugged/b-npm-1.0.0-0123456789/node_modules/b/package.json', manifest('b')),
      file('deno-dir/npm/registry.npmjs.org/c/1.0.0/package.json', manifest('c')),
      file('app/other.zip', 'no zip at all'),
    ]);
    expect(packages.map(({ name }) => name)).toEqual(['@s/a', 'b', 'c']);
  });

  it('warns of a zip in the cache of Yarn that is none, and of one without a package', async () => {
    const { packages, warnings } = await inventory([
      file('.yarn/cache/a.zip', 'PK not a zip'),
      file('.yarn/cache/b.zip', zipSync({ 'readme.md': Buffer.from('b') })),
    ]);
    expect(packages).toEqual([]);
    expect(warnings.map(({ code }) => code)).toEqual(['package_malformed', 'package_malformed']);
  });
});

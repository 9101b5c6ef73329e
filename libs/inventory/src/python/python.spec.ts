import { readLayer } from '@gabion/rootfs/layer';
import { apply } from '@gabion/rootfs/view';
import { file, type LayerEntry, layerTar } from '@gabion/testkit/layer-tar';
import { describe, expect, it } from '@jest/globals';
import { zipSync } from 'fflate';
import { inventoryAnalyzers, inventoryOf } from '../inventory.ts';
import { parseMetadata } from './metadata.ts';

async function inventory(...layers: LayerEntry[][]) {
  const read = layers.map(async (entries, index) => {
    const open = async function* () {
      yield layerTar(entries);
    };
    return { diffId: `layer-${index}`, contents: await readLayer(open, { analyzers: inventoryAnalyzers }) };
  });
  return inventoryOf(apply(await Promise.all(read)));
}

const site = 'usr/local/lib/python3.11/site-packages';
const metadata = (name: string, version: string, ...more: string[]) =>
  ['Metadata-Version: 2.1', `Name: ${name}`, `Version: ${version}`, ...more, '', 'Name: in the description'].join('\n');

describe('Python packages of an image', () => {
  it('finds dist-info, egg-info as directory and as file, and unpacked eggs', async () => {
    const { packages, warnings } = await inventory([
      file(`${site}/Jinja2-2.11.2.dist-info/METADATA`, metadata('Jinja2', '2.11.2')),
      file(`${site}/zope.interface-5.4.0.egg-info/PKG-INFO`, metadata('zope.interface', '5.4.0')),
      file(`${site}/old-1.0-py2.7.egg-info`, metadata('old', '1.0')),
      file(`${site}/Egg_Name-1.0-py3.8.egg/EGG-INFO/PKG-INFO`, metadata('Egg_Name', '1.0')),
      file('srv/PKG-INFO', metadata('unpacked-sources', '1.0')),
    ]);
    expect(packages.map(({ purl, ecosystem }) => `${ecosystem} ${purl}`)).toEqual([
      'PyPI pkg:pypi/egg-name@1.0',
      'PyPI pkg:pypi/jinja2@2.11.2',
      'PyPI pkg:pypi/old@1.0',
      'PyPI pkg:pypi/zope.interface@5.4.0',
    ]);
    expect(packages[0]!.name).toBe('Egg_Name');
    expect(warnings).toEqual([]);
  });

  it('finds wheels and eggs that are files', async () => {
    const wheel = zipSync({
      'pip/__init__.py': Buffer.from(''),
      'pip/_vendor/x-9.dist-info/METADATA': Buffer.from(metadata('vendored', '9')),
      'pip-23.0.dist-info/METADATA': Buffer.from(metadata('pip', '23.0', 'License: MIT')),
    });
    const egg = zipSync({ 'EGG-INFO/PKG-INFO': Buffer.from(metadata('egg', '1.0')) });
    const { packages } = await inventory([
      file('usr/lib/python3/ensurepip/_bundled/pip-23.0-py3-none-any.whl', wheel),
      file(`${site}/egg-1.0-py3.8.egg`, egg),
    ]);
    expect(packages).toMatchObject([
      { name: 'egg', path: `${site}/egg-1.0-py3.8.egg` },
      { name: 'pip', licenses: ['MIT'] },
    ]);
  });

  it('leaves out what an upgrade could not delete', async () => {
    const { packages } = await inventory([
      file(`${site}/Foo_Bar-1.0.dist-info/METADATA`, metadata('Foo_Bar', '1.0')),
      file(`${site}/foo.bar-2.0.dist-info/METADATA`, metadata('foo.bar', '2.0')),
      file(`${site}/foo.bar-2.0.dist-info/RECORD`, 'foo.py,,\n'),
      file('opt/other/foo_bar-1.0.dist-info/METADATA', metadata('foo_bar', '1.0')),
    ]);
    expect(packages.map(({ path }) => path)).toEqual([
      `${site}/foo.bar-2.0.dist-info/METADATA`,
      'opt/other/foo_bar-1.0.dist-info/METADATA',
    ]);
  });

  it('sees an upgrade in a higher layer as the new version only', async () => {
    const { packages } = await inventory(
      [file(`${site}/a-1.0.dist-info/METADATA`, metadata('a', '1.0'))],
      [file(`${site}/.wh.a-1.0.dist-info`), file(`${site}/a-2.0.dist-info/METADATA`, metadata('a', '2.0'))],
    );
    expect(packages).toMatchObject([{ version: '2.0', layerDiffId: 'layer-1' }]);
  });

  it('names the repository of what was installed from one, without credentials', async () => {
    const origin = { url: 'https://user:secret@git.example.org/a.git', vcs_info: { vcs: 'git', commit_id: 'abc' } };
    const { packages } = await inventory([
      file(`${site}/a-1.0.dist-info/METADATA`, metadata('a', '1.0')),
      file(`${site}/a-1.0.dist-info/direct_url.json`, JSON.stringify(origin)),
    ]);
    expect(packages[0]!.purl).toBe('pkg:pypi/a@1.0?vcs_url=git%2Bhttps:%2F%2Fgit.example.org%2Fa.git%40abc');
  });

  it('leaves packages that dpkg installed to dpkg', async () => {
    const dist = 'usr/lib/python3/dist-packages';
    const lists = [
      `/${dist}/requests-2.28.1.egg-info/PKG-INFO`,
      `/${dist}/six-1.16.0.egg-info`,
      '/usr/share/python-wheels/pip.whl',
    ];
    const { packages, owned } = await inventory([
      file(
        'var/lib/dpkg/status',
        'Package: python3-requests\nStatus: install ok installed\nArchitecture: all\nVersion: 2.28.1-1\n',
      ),
      file('var/lib/dpkg/info/python3-requests.list', `/.\n${lists.join('\n')}\n`),
      file(`${dist}/requests-2.28.1.egg-info/PKG-INFO`, metadata('requests', '2.28.1')),
      file(`${dist}/six-1.16.0.egg-info`, metadata('six', '1.16.0')),
      file(
        'usr/share/python-wheels/pip.whl',
        zipSync({ 'pip-1.dist-info/METADATA': Buffer.from(metadata('pip', '1')) }),
      ),
      file('usr/local/lib/python3.11/dist-packages/flask-1.0.dist-info/METADATA', metadata('flask', '1.0')),
    ]);
    expect(packages.map(({ name }) => name)).toEqual(['flask', 'python3-requests']);
    expect(owned.map(({ name }) => name).sort()).toEqual(['pip', 'requests', 'six']);
  });

  it('warns of metadata without a version and of archives that are none', async () => {
    const { packages, warnings } = await inventory([
      file(`${site}/a.dist-info/METADATA`, 'Name: a\n'),
      file(`${site}/b.dist-info/METADATA`, Buffer.from([0xff, 0xfe, 0xfd])),
      file(`${site}/c.whl`, 'not a zip'),
      file(`${site}/d.dist-info/METADATA`, metadata('UNKNOWN', '0.0.0')),
      file(`${site}/e.whl`, Buffer.alloc(70 * 1024 * 1024)),
    ]);
    expect(packages).toEqual([]);
    expect(warnings.map(({ code }) => code).sort()).toEqual([
      'file_too_large',
      'package_incomplete',
      'package_incomplete',
      'package_malformed',
    ]);
  });
});

describe('licenses of a Python project', () => {
  const licenses = (...headers: string[]) =>
    parseMetadata(Buffer.from(metadata('a', '1', ...headers)), 'METADATA')[0]!.licenses ?? [];

  it('come from the expression, else from a short text and classifiers', () => {
    expect(licenses('License-Expression: MIT OR Apache-2.0', 'License: BSD')).toEqual(['MIT OR Apache-2.0']);
    expect(licenses('License: BSD-3-Clause', 'Classifier: License :: OSI Approved :: BSD License')).toEqual([
      'BSD-3-Clause',
      'BSD License',
    ]);
    expect(licenses('License: UNKNOWN', 'Classifier: License :: OSI Approved')).toEqual([]);
    expect(licenses(`License: ${'Permission is hereby granted '.repeat(9)}`, '        more of the text')).toEqual([]);
  });
});

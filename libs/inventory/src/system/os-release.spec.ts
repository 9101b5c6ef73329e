import { readLayer } from '@gabion/rootfs/layer';
import { apply } from '@gabion/rootfs/view';
import { file, type LayerEntry, layerTar, symlink } from '@gabion/testkit/layer-tar';
import { describe, expect, it } from '@jest/globals';
import { ecosystemOf } from './ecosystem.ts';
import { osRelease, osReleaseAnalyzer, parseOsRelease } from './os-release.ts';

async function os(...entries: LayerEntry[]) {
  const open = async function* () {
    yield layerTar(entries);
  };
  return osRelease(apply([{ diffId: 'x', contents: await readLayer(open, { analyzers: [osReleaseAnalyzer] }) }]));
}

describe('osRelease', () => {
  it('takes the quoting of os-release(5) off', () => {
    const text = '# comment\nA="x \\"y\\" \\$z"\nB=\'it\'\nC=plain\nD=\nE="open\n\nnot a line\nF=a\\\\b\r\n';
    expect(Object.fromEntries(parseOsRelease(text))).toEqual({
      A: 'x "y" $z',
      B: 'it',
      C: 'plain',
      D: '',
      E: 'open',
      F: 'a\\b',
    });
  });

  it('follows the link that etc/os-release is, relative or absolute', async () => {
    const real = file('usr/lib/os-release', 'ID=debian\nVERSION_ID="12"');
    expect(await os(symlink('etc/os-release', '../usr/lib/os-release'), real)).toMatchObject({
      id: 'debian',
      version: '12',
    });
    expect(await os(symlink('etc/os-release', '/usr/lib/os-release'), real)).toMatchObject({
      id: 'debian',
      version: '12',
    });
    expect(await os(real)).toMatchObject({ id: 'debian' });
  });

  it('falls back to older release files', async () => {
    expect(await os(file('etc/alpine-release', '3.18.2\n'))).toMatchObject({ id: 'alpine', version: '3.18.2' });
    expect(await os(file('etc/debian_version', '11.3\n'))).toMatchObject({ id: 'debian', version: '11' });
    expect(await os(file('etc/debian_version', 'bookworm/sid\n'))).toMatchObject({ id: 'debian', version: '' });
    expect(await os(file('etc/os-release', 'NAME=x'))).toBeUndefined();
  });

  it('names the OSV ecosystem', () => {
    const of = (id: string, version: string) => ecosystemOf({ id, version, prettyName: '', codename: '' });
    expect([
      of('debian', '11'),
      of('alpine', '3.10.4'),
      of('alpine', '3.21.0_alpha20241010'),
      of('ubuntu', '22.04'),
      of('wolfi', '20230201'),
    ]).toEqual(['Debian:11', 'Alpine:v3.10', 'Alpine:edge', 'Ubuntu:22.04', 'Wolfi']);
  });
});

import { readLayer } from '@gabion/rootfs/layer';
import { file, type LayerEntry, layerTar } from '@gabion/testkit/layer-tar';
import { describe, expect, it } from '@jest/globals';
import { SecretDetector } from './secret-detector.ts';
import { secretInspector } from './secret-inspector.ts';
import { secretRules } from './secret-rules.ts';

const token = `ghp_${'Zf3D0LXCM3EIMbgJpUNnkRtOfOueHznB7q9W'}`;
const inspector = secretInspector(new SecretDetector(secretRules));

async function found(...entries: LayerEntry[]) {
  const open = async function* () {
    yield layerTar(entries);
  };
  const { notes } = await readLayer(open, { analyzers: [], inspectors: [inspector] });
  return (notes.secrets ?? []).map(({ path }) => path);
}

describe('the secrets of a layer', () => {
  it('are found in any text, compiled Python too', async () => {
    const pyc = Buffer.concat([
      Buffer.from([0xcb, 0x0d, 0x0d, 0x0a, 0, 0, 0, 0xe9]),
      Buffer.from(`\xda${token}\xda`, 'latin1'),
    ]);
    expect(await found(file('app/.env', `T=${token}`), file('app/__pycache__/a.cpython-311.pyc', pyc))).toEqual([
      'app/.env',
      'app/__pycache__/a.cpython-311.pyc',
    ]);
  });

  it('are not looked for in what packages bring, in lock files, programs and compressed data', async () => {
    const elf = Buffer.concat([Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0]), Buffer.from(token)]);
    const paths = [
      'usr/share/doc/a/README',
      'app/node_modules/a/test.js',
      'app/package-lock.json',
      'etc/ssl/certs/a.pem',
    ];
    expect(await found(...paths.map((path) => file(path, token)), file('app/run', elf))).toEqual([]);
  });
});

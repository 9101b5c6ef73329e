import { ScanState } from '@gabion/contracts/gabion/scan/v1/scans_pb';
import { buildImage } from '@gabion/testkit/images';
import { layerTar } from '@gabion/testkit/layer-tar';
import { describe, expect, it } from '@jest/globals';
import { FakeRegistry } from './fake-registry.ts';
import { caller, Site } from './site.ts';

/** So many links, each of which is kept: the most work that the entries of a layer can make. */
function layerOfLinks(count: number): Buffer {
  const [header] = [layerTar([{ path: 'links/0000000', type: 'symlink', link: 'x' }]).subarray(0, 512)];
  const tar = Buffer.alloc(count * 512 + 1024);
  const base = header!.reduce((sum, byte, i) => sum + (i >= 148 && i < 156 ? 0x20 : byte), 0);
  for (let i = 0; i < count; i++) {
    const at = i * 512;
    header!.copy(tar, at);
    const digits = String(i).padStart(7, '0');
    tar.write(digits, at + 6);
    const sum = base + [...digits].reduce((total, digit) => total + Number(digit), 0);
    tar.write(`${sum.toString(8).padStart(6, '0')}\0 `, at + 148);
  }
  return tar;
}

describe('a service that reads a hostile layer', () => {
  it('answers calls all the while', async () => {
    await using registry = await FakeRegistry.start();
    await using site = await Site.open();
    const scanner = await site.replica();
    const reference = registry.add('links', buildImage({ layers: [layerOfLinks(250_000)] }));
    const { id } = await scanner.create(reference);
    let slowest = 0;
    let calls = 0;
    let state: ScanState = ScanState.QUEUED;
    while (state === ScanState.QUEUED || state === ScanState.RUNNING) {
      const asked = performance.now();
      ({ state } = await scanner.scans.getScan({ id }, { caller }));
      slowest = Math.max(slowest, performance.now() - asked);
      calls++;
    }
    expect(state).toBe(ScanState.SUCCEEDED);
    expect(calls).toBeGreaterThan(50);
    // The work itself takes seconds.
    expect(slowest).toBeLessThan(1000);
  });
});

import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { FindingKind, ScanState } from '@gabion/contracts/gabion/scan/v1/scans_pb';
import { buildImage, type ImageRecipe } from '@gabion/testkit/images';
import { file } from '@gabion/testkit/layer-tar';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FakeRegistry } from './fake-registry.ts';
import { caller, Site } from './site.ts';

let site: Site;
beforeAll(async () => {
  site = await Site.open();
});
afterAll(() => site[Symbol.asyncDispose]());

// Put together here, so that no scanner takes this very file for them.
const eicar = `X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-${'STANDARD-ANTIVIRUS-TEST-FILE!$H+H*'}`;
const token = `ghp_${'Zf3D0LXCM3EIMbgJpUNnkRtOfOueHznB7q9W'}`;

async function scanned(image: ImageRecipe, config: Parameters<Site['replica']>[0] = {}) {
  await using registry = await FakeRegistry.start();
  await using replica = await site.replica(config);
  const scan = await replica.scan(registry.add('tested', buildImage(image)));
  const findings =
    scan.state === ScanState.SUCCEEDED
      ? (await replica.scans.listFindings({ scanId: scan.id }, { caller })).findings
      : [];
  return { scan, findings };
}

describe('an image', () => {
  it('is scanned for secrets, malware and its own configuration', async () => {
    const { scan, findings } = await scanned({
      config: { Env: [`TOKEN=${token}`], User: '' },
      layers: [[file('app/.env', `GITHUB=${token}`), file('opt/sample', eicar)], [file('app/.wh..env', '')]],
    });
    const of = (kind: FindingKind) => findings.filter((each) => each.kind === kind);
    const secrets = of(FindingKind.SECRET).map(({ location, detail, severity }) => {
      return [location?.path, location?.deleted, detail.case === 'secret' && detail.value.origin, severity];
    });
    expect(secrets).toEqual(
      expect.arrayContaining([
        ['app/.env', true, 'file', expect.any(Number)],
        ['', false, 'environment', expect.any(Number)],
      ]),
    );
    expect(of(FindingKind.MALWARE).map(({ location }) => location?.path)).toEqual(['opt/sample', 'opt/sample']);
    const checks = of(FindingKind.CONFIGURATION).map(
      ({ detail }) => detail.case === 'configuration' && detail.value.checkId,
    );
    expect(checks).toEqual(expect.arrayContaining(['GABION-IMG-0001', 'GABION-IMG-0006', 'GABION-IMG-0010']));
    expect(scan.findingCounts).toMatchObject({ secrets: 2, malware: 2, configuration: checks.length });
    expect(await site.events('image.malware-found')).toHaveLength(1);
    const everything = JSON.stringify(findings, (_, value) => (typeof value === 'bigint' ? String(value) : value));
    expect(everything).not.toContain(token);
  });

  it('is judged by the licences that are allowed', async () => {
    const packages = [
      file('app/node_modules/a/package.json', '{"name":"a","version":"1.0.0","license":"AGPL-3.0-only"}'),
    ];
    const { findings } = await scanned({ layers: [packages] }, { deniedLicences: ['network-copyleft'] });
    const licences = findings.filter((each) => each.kind === FindingKind.LICENCE);
    expect(licences.map(({ detail }) => detail.value)).toEqual([
      expect.objectContaining({ licence: 'AGPL-3.0-only', verdict: 'denied' }),
    ]);
  });

  it('is looked at with the definitions of its user, which count for layers that were read before, too', async () => {
    const image = { layers: [[file('opt/tool', '#!/bin/sh\necho my own sample\n')]] };
    expect((await scanned(image)).findings.filter((each) => each.kind === FindingKind.MALWARE)).toEqual([]);
    const definitions = join(site.directory, 'definitions');
    await mkdir(definitions);
    await writeFile(join(definitions, 'own.yar'), 'rule own { strings: $a = "my own sample" condition: $a }');
    const { findings } = await scanned(image, { malwareDefinitions: definitions });
    expect(findings.filter((each) => each.kind === FindingKind.MALWARE)).toHaveLength(1);
  });

  it('is never taken for clean by an engine that is away', async () => {
    const image = { layers: [[file('opt/a', 'some bytes')]] };
    const away = await scanned(image, { clamd: '127.0.0.1:1' });
    expect(away.scan).toMatchObject({ state: ScanState.FAILED, error: { code: 'malware_engine_unavailable' } });
    await using clamd = await daemon('stream: Test.Sample FOUND\0');
    const { findings } = await scanned(image, { clamd: clamd.address });
    expect(findings.map(({ detail }) => detail.value)).toContainEqual(
      expect.objectContaining({ engine: 'clamav', name: 'Test.Sample' }),
    );
  });
});

/** Answers every stream with the same words, as clamd does once the stream has ended. */
async function daemon(reply: string) {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      if (bytes.subarray(-4).equals(Buffer.alloc(4))) socket.end(reply);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `127.0.0.1:${(server.address() as { port: number }).port}`,
    [Symbol.asyncDispose]: async () => void server.close(),
  };
}

import { ScanState } from '@gabion/contracts/gabion/scan/v1/scans_pb';
import { migrate } from '@gabion/postgres/migrate';
import { buildImage } from '@gabion/testkit/images';
import { describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { migrations } from '../src/db/migrations.ts';
import { FakeRegistry } from './fake-registry.ts';
import { lodashAdvisory } from './feeds.ts';
import { npmPackage } from './recipes.ts';
import { caller, Site } from './site.ts';

const scanId = '00000000-0000-4000-8000-000000000001';

describe('a database of the first version', () => {
  it('is taken over: its scans keep their counts, and its images are read anew by the next scan', async () => {
    await using site = await Site.open();
    await using registry = await FakeRegistry.start();
    const image = buildImage({ layers: [[npmPackage('lodash', '4.17.4')]] });
    const reference = registry.add('v1', image);
    const { digest } = image.manifest;
    await migrate(site.db, 'image-scanner', migrations.slice(0, 3));
    const layers = JSON.stringify([{ digest: '', diffId: image.layers[0]!.diffId, createdBy: 'layer 1', size: 1 }]);
    await sql
      .raw(`
        insert into images (manifest_digest, platform, analyser_version, layers, warnings, package_count)
          values ('${digest}', 'linux/amd64', '1.1', '${layers}', '[]', 1);
        insert into packages (image_id, ordinal, name, version, ecosystem, purl, source_name, source_version,
          architecture, layer_diff_id, path, licenses)
          values (1, 0, 'lodash', '4.17.4', 'npm', 'pkg:npm/lodash@4.17.4', 'lodash', '4.17.4', '', '', '', '{}');
        insert into verdicts (image_id, advisories_state, severity_counts, warnings) values (1, 'npm=1',
          '{"critical": 1, "high": 0, "medium": 0, "low": 0, "negligible": 0, "unknown": 0}',
          '[{"code": "no_advisories", "message": "of old"}]');
        insert into scans (id, target, reference, platform, plain_http, state, verdict_id, start_time, end_time)
          values ('${scanId}', '${reference}', '${reference}', '', false, 'succeeded', 1, now(), now());
        insert into scans (id, target, reference, platform, plain_http, state)
          values ('00000000-0000-4000-8000-000000000002', '${reference}', '${reference}', '', false, 'queued');`)
      .execute(site.db.kysely);
    const scanner = await site.replica();
    const old = await scanner.scans.getScan({ id: scanId }, { caller });
    expect(old).toMatchObject({
      state: ScanState.SUCCEEDED,
      imageDigest: digest,
      severityCounts: { critical: 1 },
      packageCount: 1,
      warnings: [{ code: 'no_advisories', message: 'of old' }],
    });
    expect(await scanner.findings(scanId)).toEqual([]);
    const waiting = await scanner.ended('00000000-0000-4000-8000-000000000002');
    expect(waiting).toMatchObject({ state: ScanState.SUCCEEDED, imageDigest: digest, packageCount: 1 });
    await scanner.import('npm', lodashAdvisory);
    const next = await scanner.scan(reference);
    expect(next.severityCounts).toMatchObject({ critical: 1 });
    const { images } = await scanner.images.listImages({}, { caller });
    expect(images.map((each) => [each.digest, each.scanId])).toEqual([[digest, next.id]]);
  });
});

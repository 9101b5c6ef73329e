import type { AffectedEntry } from '@gabion/advisories/advisory';
import type { Package } from '@gabion/inventory/package';
import { describe, expect, it } from '@jest/globals';
import { judge, lookupsOf } from './judgement.ts';

function npm(name: string, version: string, path = `app/node_modules/${name}/package.json`): Package {
  const own = { name, version, sourceName: name, sourceVersion: version };
  const place = { path, layerDiffId: `sha256:${'a'.repeat(64)}`, purl: `pkg:npm/${name}@${version}` };
  const kind = { type: 'npm', ecosystem: 'npm', architecture: '', module: '', evidence: 'package-metadata' } as const;
  return { ...own, ...place, ...kind, licenses: [] };
}

function fixedIn(name: string, id: string, before: string, severity: 'high' | 'low' | 'critical'): AffectedEntry {
  const told = { source: 'test', format: 'osv', url: `https://example.org/${id}` } as const;
  return { schema: 1, ...told, ecosystem: 'npm', name, id, vulnerabilities: [id], intervals: [{ before }], severity };
}

const known = new Set(['npm']);

describe('a judgement', () => {
  it('puts the worst first and counts by severity', () => {
    const packages = [npm('a', '1.0.0'), npm('b', '1.0.0')];
    const entries = [fixedIn('a', 'CVE-1', '2.0.0', 'low'), fixedIn('b', 'CVE-2', '2.0.0', 'critical')];
    const { findings, counts, warnings } = judge(packages, entries, known);
    expect(findings.map((each) => each.match.vulnerabilityId)).toEqual(['CVE-2', 'CVE-1']);
    expect(counts).toMatchObject({ critical: 1, low: 1, high: 0 });
    expect(warnings).toEqual([]);
  });

  it('gives a finding the same id in every scan, and another one in another place', () => {
    const entries = [fixedIn('a', 'CVE-1', '2.0.0', 'low')];
    const ids = (packages: Package[]) => judge(packages, entries, known).findings.map((each) => each.id);
    const [first] = ids([npm('a', '1.0.0')]);
    expect(ids([npm('z', '1.0.0'), npm('a', '1.0.0')])).toEqual([first]);
    const both = ids([npm('a', '1.0.0'), npm('a', '1.0.0', 'other/node_modules/a/package.json')]);
    expect(new Set(both).size).toBe(2);
  });

  it('warns of ecosystems without advisories and of versions without order', () => {
    const { warnings } = judge([npm('a', 'latest'), { ...npm('b', '1'), ecosystem: 'Ubuntu:22.04' }], [], known);
    expect(warnings.map((each) => each.code)).toEqual(['no_advisories', 'version_not_comparable']);
  });

  it('asks for each name once, and for nothing of an unknown system', () => {
    const packages = [npm('a', '1.0.0'), npm('a', '2.0.0'), { ...npm('b', '1'), ecosystem: '' }];
    expect(lookupsOf(packages)).toEqual([{ ecosystem: 'npm', name: 'a' }]);
  });
});

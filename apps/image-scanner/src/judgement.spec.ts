import { type AffectedEntry, entrySchema } from '@gabion/advisories/advisory';
import { Severity } from '@gabion/contracts/gabion/scan/v1/scans_pb';
import { describe, expect, it } from '@jest/globals';
import type { Component } from './component.ts';
import { amendmentOf, type KeptFinding } from './component-findings.ts';
import { judge, lookupsOf, warningsOf } from './judgement.ts';

function npm(name: string, version: string): Component {
  const own = { name, version, sourceName: name, sourceVersion: version };
  return { ...own, type: 'npm', ecosystem: 'npm', architecture: '', module: '' };
}

function fixedIn(name: string, id: string, before: string, severity: 'high' | 'low' | 'critical'): AffectedEntry {
  const told = { source: 'test', format: 'osv', url: `https://example.org/${id}` } as const;
  const intervals = [{ before }];
  return { schema: entrySchema, ...told, ecosystem: 'npm', name, id, vulnerabilities: [id], intervals, severity };
}

describe('a judgement', () => {
  it('says of each component what concerns it', () => {
    const entries = [fixedIn('a', 'CVE-1', '2.0.0', 'low'), fixedIn('b', 'CVE-2', '2.0.0', 'critical')];
    const judged = judge([npm('a', '1.0.0'), npm('b', '2.0.0'), npm('b', '1.0.0')], entries);
    const told = judged.map((found) => found.map((each) => [each.vulnerabilityId, each.severity, each.fixedVersion]));
    expect(told).toEqual([[['CVE-1', Severity.LOW, '2.0.0']], [], [['CVE-2', Severity.CRITICAL, '2.0.0']]]);
  });

  it('warns of ecosystems without advisories and of versions without order', () => {
    const components = [npm('a', 'latest'), { ...npm('b', '1'), ecosystem: 'Ubuntu:22.04' }];
    const warnings = warningsOf(components, new Set(['npm']));
    expect(warnings.map((each) => each.code)).toEqual(['no_advisories', 'version_not_comparable']);
  });

  it('asks for each name once, and for nothing of an unknown system', () => {
    const components = [npm('a', '1.0.0'), npm('a', '2.0.0'), { ...npm('b', '1'), ecosystem: '' }];
    expect(lookupsOf(components)).toEqual([{ ecosystem: 'npm', name: 'a' }]);
  });
});

describe('an amendment', () => {
  const found = (entry: AffectedEntry) => judge([npm('a', '1.0.0')], [entry])[0]!;
  const keptOf = (entry: AffectedEntry): KeptFinding[] =>
    found(entry).map((each) => ({
      component_id: 1,
      vulnerability_id: each.vulnerabilityId,
      names: each.names,
      severity: each.severity,
      fixed_version: each.fixedVersion,
      is_malicious: each.isMalicious,
      hash: each.hash,
      source: 'test',
      status: each.content.status,
    }));
  const before = fixedIn('a', 'CVE-1', '2.0.0', 'low');

  it('is empty where the same is said', () => {
    expect(amendmentOf(1, keptOf(before), found(before))).toEqual({ put: [], removed: [], differences: [] });
  });

  it('tells of another fix as of one finding that went and one that came', () => {
    const { put, removed, differences } = amendmentOf(1, keptOf(before), found(fixedIn('a', 'CVE-1', '3.0.0', 'low')));
    expect([put.length, removed.length]).toEqual([1, 0]);
    expect(differences.map((each) => [each.isAdded, each.fixedVersion])).toEqual([
      [false, '2.0.0'],
      [true, '3.0.0'],
    ]);
  });

  it('writes other words of the same without telling of them', () => {
    const { put, differences } = amendmentOf(1, keptOf(before), found({ ...before, summary: 'in other words' }));
    expect([put.length, differences.length]).toEqual([1, 0]);
  });
});

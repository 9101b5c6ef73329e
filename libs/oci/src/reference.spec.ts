import { describe, expect, it } from '@jest/globals';
import { apiHost, formatReference, isLoopback, parseReference } from './reference.ts';

const sha256 = `sha256:${'a'.repeat(64)}`;

describe('parseReference', () => {
  const known: [string, string][] = [
    ['alpine', 'docker.io/library/alpine:latest'],
    ['alpine:3.10', 'docker.io/library/alpine:3.10'],
    ['grafana/grafana', 'docker.io/grafana/grafana:latest'],
    ['index.docker.io/library/alpine', 'docker.io/library/alpine:latest'],
    ['docker.io/alpine', 'docker.io/library/alpine:latest'],
    ['localhost/app', 'localhost/app:latest'],
    ['localhost:5000/app:1', 'localhost:5000/app:1'],
    ['127.0.0.1:5000/a/b/c:1', '127.0.0.1:5000/a/b/c:1'],
    ['[::1]:5000/app', '[::1]:5000/app:latest'],
    ['Registry/app', 'Registry/app:latest'],
    [`quay.io/a/b@${sha256}`, `quay.io/a/b@${sha256}`],
    [`quay.io/a/b:1.2@${sha256}`, `quay.io/a/b:1.2@${sha256}`],
    ['a__b/c-d--e.f:_x', 'docker.io/a__b/c-d--e.f:_x'],
  ];
  for (const [given, whole] of known) {
    it(`reads ${given.slice(0, 40)}`, () => expect(formatReference(parseReference(given))).toBe(whole));
  }

  const refused = [
    '',
    ':1',
    'a:',
    'A',
    'a/B',
    'a//b',
    '/a',
    'a/',
    'a..b',
    'a_-b',
    '-a',
    'a@sha256:abc',
    'a@md5:1',
    'a b',
    'a:b:c',
    'a:-x',
    'host:99999/a',
    'host:0/a',
    'ho_st.x/a',
    'http://host/a',
    'a/../b',
    `a:${'t'.repeat(129)}`,
    'x/'.repeat(200),
    'a'.repeat(2000),
    'b'.repeat(64),
    'é',
  ];
  for (const given of refused) {
    it(`refuses ${JSON.stringify(given.slice(0, 30))}`, () => {
      expect(() => parseReference(given)).toThrow(expect.objectContaining({ code: 'reference_invalid' }));
    });
  }

  it('knows where Docker Hub answers, and which hosts are loopback', () => {
    expect(apiHost('docker.io')).toBe('registry-1.docker.io');
    expect(
      ['localhost:1', '127.9.9.9', '[::1]:5000', 'localhost.evil.com', '127.0.0.1.evil.com', '128.0.0.1'].map(
        isLoopback,
      ),
    ).toEqual([true, true, true, false, false, false]);
  });
});

import { describe, expect, it } from '@jest/globals';
import { goProgram, inlineSection, oldGoProgram } from '../../test/made-go.ts';
import { readBuildInfo } from './build-info.ts';
import { BuildInfoScan } from './build-info-scan.ts';
import { packagesOfGoProgram } from './go.ts';
import { toolchainVersion } from './go-packages.ts';
import { versionFromFlags } from './version-flags.ts';

const modules = [
  'path\texample.org/demo',
  'mod\texample.org/demo\t(devel)\t',
  'dep\tgithub.com/pkg/errors\tv0.9.1\th1:x=',
  'dep\tgolang.org/x/text\tv0.3.7',
  '=>\tgolang.org/x/text\tv0.3.8\th1:y=',
  'dep\tk8s.io/api\tv0.0.0',
  '=>\t./staging/src/k8s.io/api\t(devel)\t',
  'build\t-ldflags="-s -w -X main.version=1.2.3"',
  'build\tvcs.revision=0123456789abcdef0123456789abcdef01234567',
  '',
].join('\n');

const named = (bytes: Buffer) =>
  packagesOfGoProgram(bytes).map(
    ({ name, version, isUnjudged }) => `${name}@${version}${isUnjudged ? ' unjudged' : ''}`,
  );
const expected = [
  'stdlib@1.22.1',
  'example.org/demo@v1.2.3',
  'github.com/pkg/errors@v0.9.1',
  'golang.org/x/text@v0.3.8',
  'k8s.io/api@v0.0.0 unjudged',
];

describe('packages of a Go program', () => {
  it('are its standard library, main module and dependencies, replaced ones by what replaces them', () => {
    expect(named(goProgram('go1.22.1', modules))).toEqual(expected);
  });

  it('are found where sections were stripped', () => {
    expect(named(goProgram('go1.22.1 X:boringcrypto', modules, { hasSectionTable: false }))).toEqual(expected);
  });

  it.each([
    { is64: true, isLittleEndian: true },
    { is64: true, isLittleEndian: false },
    { is64: false, isLittleEndian: true },
    { is64: false, isLittleEndian: false },
  ])('are found by the pointers of programs before Go 1.18 (%o)', (shape) => {
    expect(named(oldGoProgram('go1.22.1', modules, shape))).toEqual(expected);
  });

  it('are only the standard library for a program built outside of modules', () => {
    expect(named(goProgram('go1.13', ''))).toEqual(['stdlib@1.13.0']);
  });

  it('does not judge a program by a version that stands for missing tags', () => {
    const info = 'mod\texample.org/demo\tv0.0.0-20240102030405-0123456789ab+dirty\n';
    expect(named(goProgram('devel go1.23-abc', info))).toEqual([
      'example.org/demo@v0.0.0-20240102030405-0123456789ab+dirty unjudged',
    ]);
    const stamped = 'mod\texample.org/demo\tv1.2.4-0.20240102030405-0123456789ab\n';
    expect(named(goProgram('devel', stamped))).toEqual(['example.org/demo@v1.2.4-0.20240102030405-0123456789ab']);
  });

  it('names the commit of a program without a version', () => {
    const info = 'mod\tx.org/y\t(devel)\nbuild\tvcs.revision=0123456789abcdef\nbuild\tvcs.time=2024-01-02T03:04:05Z\n';
    expect(named(goProgram('devel', info))).toEqual(['x.org/y@v0.0.0-20240102030405-0123456789ab unjudged']);
  });

  it('are none of a file that only has the magic in it', () => {
    expect(named(Buffer.concat([goProgram('go1.22.1', modules).subarray(0, 64), inlineSection('go1.1', '')]))).toEqual(
      [],
    );
  });

  it('are none where the strings end beyond the file', () => {
    const bytes = goProgram('go1.22.1', modules);
    const at = bytes.indexOf('\xff Go buildinf:', 0, 'latin1');
    bytes.fill(0xff, at + 32, at + 45);
    expect(readBuildInfo(bytes)).toBeUndefined();
  });
});

describe('BuildInfoScan', () => {
  it.each([1, 7, 31, 64, 4096])('finds the same in chunks of %d bytes', (size) => {
    const bytes = Buffer.concat([Buffer.alloc(992, 0xff), inlineSection('go1.22.1', modules), Buffer.alloc(5000)]);
    const scan = new BuildInfoScan();
    for (let at = 0; at < bytes.length; at += size) scan.write(bytes.subarray(at, at + size));
    expect(scan.end()?.modules).toBe(modules);
  });

  it('goes past a magic that is only text', () => {
    const text = Buffer.from('\xff Go buildinf:\x08\x02', 'latin1');
    const bytes = Buffer.concat([text, Buffer.alloc(16, 0xff), Buffer.alloc(32, 0xff), inlineSection('go1.22.1', '')]);
    const scan = new BuildInfoScan();
    scan.write(bytes);
    expect(scan.end()?.goVersion).toBe('go1.22.1');
  });
});

describe('toolchainVersion', () => {
  it.each([
    ['go1.22.1', '1.22.1'],
    ['go1.21', '1.21.0'],
    ['go1.22rc2', '1.22.0-rc.2'],
    ['go1.22.1 X:loopvar', '1.22.1'],
    ['go1.22.1-fips', '1.22.1'],
    ['go1.20.6 (Red Hat 1.20.6-1.el9)', '1.20.6'],
    ['devel go1.23-d8c8cc3 Mon', undefined],
    ['', undefined],
  ])('reads %j as %j', (goVersion, version) => {
    expect(toolchainVersion(goVersion)).toBe(version);
  });
});

describe('versionFromFlags', () => {
  it.each([
    ['-X main.version=1.2.3', 'v1.2.3'],
    ["-s -w -X 'main.Version=v1.2.3-rc.1' -X main.commit=abc", 'v1.2.3-rc.1'],
    ['-X=github.com/x/y/pkg/version.Version=2.0.0', 'v2.0.0'],
    ['-X github.com/x/y/version.gitVersion=v1.27.3', 'v1.27.3'],
    ['-X "main.version=1.2.3" -X github.com/prometheus/common/version.Version=9.9.9', 'v1.2.3'],
    ['-X main.version=dev', undefined],
    ['-X main.buildTime=2024.01.02', undefined],
    ['-X a/version.Version=1.0.0 -X b/version.Version=2.0.0', undefined],
  ])('finds in %s', (flags, version) => {
    expect(versionFromFlags(flags, 'github.com/x/y')).toBe(version);
  });
});

import { describe, expect, it } from '@jest/globals';
import { PatternScan } from './pattern-scan.ts';
import { maxReach } from './program.ts';
import { programInspector, programs, programsIn, programsNamed } from './programs.ts';

const text = (content: string) => Buffer.from(content, 'latin1');
const found = (path: string, content: string) =>
  programsIn(text(`\x7fELF\0${content}\0`), path).map(({ name, version }) => `${name} ${version}`);

describe('programsIn', () => {
  // The texts as they are in the programs of Debian 12, where not said otherwise.
  it.each([
    ['bin/busybox', 'BusyBox v1.35.0 (Debian 1:1.35.0-4+b3)', 'busybox 1.35.0'],
    ['usr/bin/openssl', 'OpenSSL 3.0.11 19 Sep 2023', 'openssl 3.0.11'],
    ['usr/lib/libcrypto.so.1.1', 'OpenSSL 1.1.1w  11 Sep 2023', 'openssl 1.1.1w'],
    ['lib/ld-musl-x86_64.so.1', 'musl libc (x86_64)\nVersion %s\0\0' + '1.2.3', 'musl 1.2.3'],
    [
      'lib/x86_64-linux-gnu/libc.so.6',
      'GNU C Library (Debian GLIBC 2.36-9) stable release version 2.36.',
      'glibc 2.36',
    ],
    ['usr/sbin/nginx', 'nginx version: nginx/1.22.1', 'nginx 1.22.1'],
    ['usr/bin/redis-server', 'Redis version 2.8.23', 'redis 2.8.23'],
    ['usr/local/bin/redis-server', '7.0.14buildkitsandbox-1702957741000000000', 'redis 7.0.14'],
    ['usr/local/bin/redis-server', '\u00018.0.0d8f1a2b3c4d5-1702957741000000000', 'redis 8.0.0'],
    ['usr/local/bin/valkey-server', 'valkey9.0.0buildkitsandbox-1764887574000000000', 'valkey 9.0.0'],
    ['usr/bin/python3.11', '3.11\0' + '3.11.2', 'python 3.11.2'],
    ['usr/lib/libpython3.7m.so.1.0', '3.7.4+', 'python 3.7.4+'],
    ['usr/local/bin/node', 'https://nodejs.org/ node.js/v18.20.4', 'node 18.20.4'],
    ['usr/bin/curl', 'curl/7.88.1', 'curl 7.88.1'],
    ['bin/bash', '@(#)Bash version 5.2.15(1) release GNU', 'bash 5.2.15'],
    ['usr/bin/ruby', 'ruby 3.1.2p20 (2022-04-12 revision 4491bb740a) [x86_64-linux]', 'ruby 3.1.2p20'],
    ['usr/local/bin/php', 'X-Powered-By: PHP/8.2.7', 'php 8.2.7'],
    ['usr/sbin/haproxy', 'version 2.7.3-1065b10, released 2023/02/14', 'haproxy 2.7.3'],
    ['usr/sbin/apache2', 'Apache/2.4.57 (Debian)', 'httpd 2.4.57'],
    ['usr/bin/postgres', 'PostgreSQL 15beta4 on x86_64', 'postgresql 15beta4'],
    ['usr/sbin/mariadbd', '10.11.6-MariaDB-0+deb12u1', 'mariadb 10.11.6'],
    ['usr/bin/mysql', '/percona-server-8.0.35-27/x.cc', 'percona-server 8.0.35'],
    ['usr/bin/mongod', '6.0.27\0tcmalloc', 'mongodb 6.0.27'],
    ['usr/bin/envoy', '1.34.5\0x\0envoy_reloadable_features', 'envoy 1.34.5'],
    ['usr/bin/traefik', 'v1.7.34', 'traefik 1.7.34'],
    ['usr/local/go/bin/go', 'go1.21.3', 'go 1.21.3'],
    ['opt/jdk/bin/java', 'openjdk\0java\0' + '0.0\0' + '11.0.17+8-LTS', 'openjdk 11.0.17+8-LTS'],
    ['opt/jdk/bin/java', '1.8\0' + '1.8.0_352-b08\0openjdk\0java', 'openjdk 1.8.0_352-b08'],
    ['usr/lib/erlexec', '<artificial>\0/usr/src/otp_src_25.3.2.6/erts/', 'erlang 25.3.2.6'],
    ['usr/lib/libstd-a5a48102fbd58791.so', 'clang LLVM (rustc version 1.48.0 (7eac88abb 2020-11-16))', 'rust 1.48.0'],
    ['usr/lib/libkrb5.so.3.3', 'KRB5_BRAND: krb5-1.20.1-final 1.20.1 20221115', 'krb5 1.20.1'],
  ])('reads %s', (path, content, expected) => {
    expect(found(path, content)).toEqual([expected]);
  });

  it.each([
    ['usr/local/go/VERSION', 'go1.21.3\ntime 2023-10-09T17:04:35Z\n', 'go 1.21.3'],
    ['usr/lib/erlang/releases/25/OTP_VERSION', '25.2.3\n', 'erlang 25.2.3'],
    ['var/www/wp-includes/version.php', "<?php\n$wp_version = '6.4.2';\n", 'wordpress 6.4.2'],
    ['opt/java/release', 'IMPLEMENTOR="Eclipse Adoptium"\nJAVA_VERSION="17.0.9"\n', 'temurin 17.0.9'],
    ['opt/java/release', 'IMPLEMENTOR="Oracle Corporation"\nJAVA_VERSION="17.0.2"\n', 'openjdk 17.0.2'],
    [
      'opt/java/release',
      'GRAALVM_VERSION="22.3.0"\nIMPLEMENTOR="GraalVM Community"\nJAVA_VERSION="17.0.5"\n',
      'graalvm 22.3.0',
    ],
  ])('reads the text %s', (path, content, expected) => {
    expect(programsIn(text(content), path).map(({ name, version }) => `${name} ${version}`)).toEqual([expected]);
  });

  it('does not take the first number for a version', () => {
    expect(found('usr/bin/python3.5', '3.7.1\0' + '3.5.3')).toEqual(['python 3.5.3']);
    expect(found('usr/share/doc/nginx', '1.2.3')).toEqual([]);
  });

  it('knows at least 60 programs', () => {
    expect(new Set(programs.map(({ name }) => name)).size).toBeGreaterThanOrEqual(60);
  });
});

describe('PatternScan', () => {
  const path = 'usr/bin/curl';
  const scanned = (bytes: Buffer, size: number) => {
    const scan = new PatternScan(programsNamed(path), path);
    for (let at = 0; at < bytes.length; at += size) scan.write(bytes.subarray(at, at + size));
    return scan.end();
  };

  it.each([-8, -3, 0, 3, 8])('finds what stands on the border of two pieces (%d)', (shift) => {
    const bytes = Buffer.alloc(600 * 1024, 0x20);
    bytes.write('curl/7.88.1\0', 256 * 1024 + shift, 'latin1');
    expect(scanned(bytes, 1000)).toEqual([{ name: 'curl', version: '7.88.1' }]);
    expect(scanned(bytes, 1024 * 1024)).toEqual([{ name: 'curl', version: '7.88.1' }]);
  });

  it('prefers better evidence wherever it stands', () => {
    const bytes = text(`curl 7.1.1 (x)${' '.repeat(400 * 1024)}curl/7.88.1\0`);
    expect(scanned(bytes, 4096)).toEqual([{ name: 'curl', version: '7.88.1' }]);
  });
});

describe('patterns', () => {
  const patterns = programs.flatMap(({ name, path, evidence }) =>
    evidence.map(({ pattern }) => {
      const match = path?.exec('usr/bin/python3.11') ?? null;
      return { name, pattern: typeof pattern === 'function' ? pattern(match!) : pattern };
    }),
  );

  it('have no quantifier without an upper bound', () => {
    for (const { pattern } of patterns) expect(withoutClasses(pattern.source)).not.toMatch(/[*+]|\{\d+,\}/);
    for (const { path } of programs) expect(withoutClasses(path?.source ?? '')).not.toMatch(/\{\d+,\}/);
  });

  it('run in time on text made of their own words', () => {
    const words = patterns
      .map(({ pattern }) => pattern.source.replace(/\\\\?[0-9dwsS.]|[^A-Za-z0-9 .:/=_-]/g, ''))
      .filter(Boolean);
    const hostile = [...new Set([...words, '1.1.', '\0', '1.1.1\0', '\0' + '1.11.1\0', '3.11.1', '10.10.10-'])];
    for (const word of hostile) {
      const content = word.repeat(Math.ceil((64 * 1024) / word.length));
      for (const { pattern } of patterns) {
        const start = performance.now();
        pattern.exec(content);
        expect([performance.now() - start < 500, pattern.source, word]).toEqual([true, pattern.source, word]);
      }
    }
  });

  it('reach no farther than a piece has in common with the next', () => {
    for (const { pattern } of patterns) {
      const reach = [...pattern.source.matchAll(/\{(?:\d+,)?(\d+)\}/g)].reduce(
        (sum, [, most]) => sum + Number(most),
        0,
      );
      expect(reach).toBeLessThanOrEqual(maxReach);
    }
  });

  function withoutClasses(source: string): string {
    return source.replace(/\\./g, '').replace(/\[[^\]]*\]/g, '');
  }
});

describe('programInspector', () => {
  it('looks at no file but those named as a program', () => {
    const facts = { size: 100, mode: 0o755, uid: 0, gid: 0 };
    const of = (path: string, head: string) => programInspector.inspect({ path, ...facts }, text(head));
    expect(of('usr/bin/thing', '\x7fELF')).toBeUndefined();
    expect(of('etc/passwd', 'root:x:0')).toBeUndefined();
    expect(of('usr/local/bin/node', '#!/bin/sh\n')).toBeUndefined();
    expect(of('usr/local/bin/node', '\x7fELF')).toBeDefined();
    expect(of('usr/local/bin/composer', '#!/usr/bin/env php\n')).toBeDefined();
  });
});

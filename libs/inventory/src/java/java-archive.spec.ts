import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { strToU8, type Zippable, zipSync } from 'fflate';
import { packagesOfJavaArchive } from './java-archive.ts';
import { ZipArchive } from './zip-archive.ts';

type Files = Record<string, string | Buffer>;

function zip(files: Files, level: 0 | 6 = 6): Buffer {
  const bytes = Object.entries(files).map(([name, content]) => [
    name,
    typeof content === 'string' ? strToU8(content) : content,
  ]);
  return Buffer.from(zipSync(Object.fromEntries(bytes) as Zippable, { level }));
}

const properties = (groupId: string, artifactId: string, version: string): Files => ({
  [`META-INF/maven/${groupId}/${artifactId}/pom.properties`]: `#Created by Maven\nversion=${version}\ngroupId=${groupId}\nartifactId=${artifactId}\n`,
});
const manifest = (lines: string): Files => ({ 'META-INF/MANIFEST.MF': `Manifest-Version: 1.0\r\n${lines}\r\n\r\n` });
const read = (bytes: Buffer, path: string) => packagesOfJavaArchive(bytes, path);
const named = (bytes: Buffer, path: string) =>
  read(bytes, path).packages.map((one) => {
    const place = one.inside ? ` in ${one.inside}` : '';
    return `${one.name} ${one.version}${place}${one.isUnjudged ? ' unjudged' : ''}`;
  });

describe('packages of a Java archive', () => {
  it('are what Maven wrote into it, shaded ones included', () => {
    const jar = zip({
      ...properties('org.example', 'app', '1.0'),
      ...properties('com.google.guava', 'guava', '31.1-jre'),
      ...manifest('Implementation-Version: 9'),
    });
    expect(named(jar, 'srv/app-1.0.jar')).toEqual(['org.example:app 1.0', 'com.google.guava:guava 31.1-jre']);
  });

  it('are read from pom.xml where there are no properties, with what the parent says and its licences', () => {
    const pom = `<?xml version="1.0"?><project xmlns="http://maven.apache.org/POM/4.0.0">
      <parent><groupId>org.example</groupId><artifactId>parent</artifactId><version>2.0</version></parent>
      <artifactId>child</artifactId><version>\${revision}</version>
      <properties><revision>2.1</revision></properties>
      <licenses><license><name>MIT</name></license></licenses>
      <dependencies><dependency><groupId>no</groupId><artifactId>no</artifactId><version>1</version></dependency></dependencies>
    </project>`;
    const jar = zip({ 'META-INF/maven/org.example/child/pom.xml': pom });
    expect(read(jar, 'child.jar').packages).toEqual([{ name: 'org.example:child', version: '2.1', licenses: ['MIT'] }]);
  });

  it('are those of the archives in it, with the way to them', () => {
    const library = zip(properties('org.example', 'lib', '1.0'));
    const war = zip({ 'WEB-INF/lib/lib-1.0.jar': library });
    const ear = zip({ 'app.war': war, 'lib/lib-1.0.jar': library });
    expect(named(ear, 'opt/app.ear')).toEqual([
      'org.example:lib 1.0 in app.war!WEB-INF/lib/lib-1.0.jar',
      'org.example:lib 1.0 in lib/lib-1.0.jar',
    ]);
  });

  it('are found in self-executing archives, whose script is in front of the zip', () => {
    const jar = zip({ 'BOOT-INF/lib/lib-1.0.jar': zip(properties('org.example', 'lib', '1.0')) }, 0);
    const script = Buffer.from('#!/bin/bash\nexec java -jar "$0"\n');
    expect(named(Buffer.concat([script, jar]), 'app.jar')).toEqual(['org.example:lib 1.0 in BOOT-INF/lib/lib-1.0.jar']);
  });

  it.each([
    ['Implementation-Vendor-Id: org.example', 'lib-1.2.jar', 'org.example:lib 1.2'],
    ['Bundle-SymbolicName: org.example.lib;singleton:=true', 'lib-1.2.jar', 'org.example:lib 1.2'],
    ['Bundle-SymbolicName: org.apache.commons.lang3', 'commons-lang3-3.9.jar', 'org.apache.commons:commons-lang3 3.9'],
    [
      'Group-Id: org.jenkins-ci.plugins\r\nShort-Name: git\r\nPlugin-Version: 4.0',
      'git.hpi',
      'org.jenkins-ci.plugins:git 4.0',
    ],
    [
      'Bundle-SymbolicName: slf4j.api\r\nImplementation-Title: slf4j-api',
      'slf4j-api-1.7.jar',
      'slf4j-api 1.7 unjudged',
    ],
    ['Implementation-Vendor-Id: Someone\r\nImplementation-Version: 2.0', 'thing.jar', 'thing 2.0 unjudged'],
  ])('are told by the manifest (%j of %s)', (lines, file, expected) => {
    expect(named(zip(manifest(lines)), file)).toEqual([expected]);
  });

  it('have their group by the directories of a repository', () => {
    const empty = zip({ 'a.txt': '' });
    expect(named(empty, 'root/.m2/repository/org/slf4j/slf4j-api/1.7.36/slf4j-api-1.7.36.jar')).toEqual([
      'org.slf4j:slf4j-api 1.7.36',
    ]);
    expect(
      named(empty, '.gradle/caches/modules-2/files-2.1/org.slf4j/slf4j-api/1.7.36/0a1b/slf4j-api-1.7.36.jar'),
    ).toEqual(['org.slf4j:slf4j-api 1.7.36']);
  });

  it('have the group of a family only with its classes', () => {
    const lines = manifest('Implementation-Title: spring-core\r\nImplementation-Version: 5.3.17');
    const spring = zip({ ...lines, 'org/springframework/core/Ordered.class': '' });
    expect(named(spring, 'spring-core-5.3.17.jar')).toEqual(['org.springframework:spring-core 5.3.17']);
    expect(named(zip(lines), 'spring-core-5.3.17.jar')).toEqual(['spring-core 5.3.17 unjudged']);
  });

  it('are found by hash when asked', () => {
    const jar = zip({ 'a.txt': 'x' });
    const sha1 = createHash('sha1').update(jar).digest('hex');
    const findBySha1 = (hash: string) =>
      hash === sha1 ? { groupId: 'org.example', artifactId: 'lib', version: '3.0' } : undefined;
    expect(packagesOfJavaArchive(jar, 'x.jar', { findBySha1 }).packages).toEqual([
      { name: 'org.example:lib', version: '3.0' },
    ]);
  });

  it.each([
    ['log4j-1.2-api-2.17.1.jar', 'log4j-1.2-api 2.17.1'],
    ['guava-31.1-jre.jar', 'guava 31.1-jre'],
    ['netty-transport-native-epoll-4.1.68.Final-linux-x86_64.jar', 'netty-transport-native-epoll 4.1.68.Final'],
    ['akka-thing_2.12-2.5.3.jar', 'akka-thing_2.12 2.5.3'],
    ['jaxb-impl-2.3.0-b170127.1453.jar', 'jaxb-impl 2.3.0-b170127.1453'],
    ['x-1.0-SNAPSHOT.jar', 'x 1.0-SNAPSHOT'],
  ])('have the version of their file name (%s)', (file, expected) => {
    expect(named(zip({ a: '' }), file)).toEqual([`${expected} unjudged`]);
  });

  it('are nothing for an archive that tells neither name nor version', () => {
    expect(read(zip({ 'a.class': '' }), 'app.jar')).toEqual({ packages: [], problems: [] });
  });
});

describe('a hostile Java archive', () => {
  it('is read to a depth of 16', () => {
    let jar = zip(properties('org.example', 'deepest', '1.0'));
    for (let depth = 100; depth > 0; depth--)
      jar = zip({ ...properties('org.example', `at-${depth}`, '1.0'), 'inner.jar': jar });
    const start = performance.now();
    const { packages, problems } = read(jar, 'outer.jar');
    expect(performance.now() - start).toBeLessThan(1000);
    expect(packages.length).toBe(17);
    expect(problems).toEqual(['archives are nested too deep']);
  });

  it('does not unpack a bomb', () => {
    const bomb = zip({ 'lib.jar': Buffer.alloc(64 * 1024 * 1024) });
    expect(read(bomb, 'bomb.jar').problems).toEqual(['"lib.jar" is packed too well to be an archive']);
    const poms = zip({ 'META-INF/maven/a/b/pom.properties': Buffer.alloc(32 * 1024 * 1024) });
    expect(read(poms, 'bomb.jar').problems).toEqual(['"META-INF/maven/a/b/pom.properties" cannot be read']);
  });

  it('does not unpack more than it says', () => {
    const jar = zip({ 'META-INF/MANIFEST.MF': Buffer.alloc(32 * 1024 * 1024) });
    // The size in the central directory, made small.
    jar.writeUInt32LE(10, jar.lastIndexOf('PK\x01\x02') + 24);
    expect(read(jar, 'x.jar').problems).toEqual(['"META-INF/MANIFEST.MF" cannot be read']);
  });

  it('may not show one member as many', () => {
    const jar = zip({ 'a.jar': zip(properties('g', 'a', '1')) }, 0);
    const directory = jar.lastIndexOf('PK\x01\x02');
    const end = jar.lastIndexOf('PK\x05\x06');
    const entries = Array.from({ length: 20_000 }, () => jar.subarray(directory, end));
    const last = Buffer.from(jar.subarray(end));
    last.writeUInt32LE(20_000 * (end - directory), 12);
    const { packages, problems } = read(Buffer.concat([jar.subarray(0, directory), ...entries, last]), 'x.jar');
    expect(packages.length).toBeLessThanOrEqual(5_000);
    expect(problems).toEqual(['over 5000 archives are nested']);
  });

  it('may have encrypted members, which are told', () => {
    const jar = zip({ 'lib.jar': zip(properties('g', 'a', '1')) });
    const entry = jar.lastIndexOf('PK\x01\x02');
    jar.writeUInt16LE(jar.readUInt16LE(entry + 8) | 1, entry + 8);
    expect(read(jar, 'x.jar')).toEqual({ packages: [], problems: ['"lib.jar", encrypted, cannot be read'] });
  });

  it('is told to be no whole zip', () => {
    const jar = zip(properties('g', 'a', '1'));
    expect(read(jar.subarray(0, -10), 'x.jar').problems).toEqual(['the file is not a whole zip archive']);
    expect(read(Buffer.from('PK\x03\x04 and no more than this'), 'x.jar').packages).toEqual([]);
  });

  it('cannot name its members out of their place', () => {
    const inner = zip(properties('g', 'a', '1'));
    expect(named(zip({ '../../etc/x!y\u0007.jar': inner }), 'x.jar')).toEqual(['g:a 1 in ../../etc/x_y_.jar']);
  });
});

describe('ZipArchive', () => {
  it('reads zip64 numbers', () => {
    const plain = zip({ 'a.txt': 'hello' }, 0);
    const directory = plain.lastIndexOf('PK\x01\x02');
    const end = plain.lastIndexOf('PK\x05\x06');
    const extra = Buffer.alloc(28);
    extra.writeUInt16LE(1, 0);
    extra.writeUInt16LE(24, 2);
    extra.writeBigUInt64LE(5n, 4);
    extra.writeBigUInt64LE(5n, 12);
    const entry = Buffer.from(plain.subarray(directory, end));
    entry.writeUInt16LE(28, 30);
    for (const at of [20, 24, 42]) entry.writeUInt32LE(0xffffffff, at);
    const size = entry.length + extra.length;
    const end64 = Buffer.alloc(56 + 20);
    end64.write('PK\x06\x06', 0, 'latin1');
    end64.writeBigUInt64LE(BigInt(size), 40);
    end64.writeBigUInt64LE(BigInt(directory), 48);
    end64.write('PK\x06\x07', 56, 'latin1');
    end64.writeBigUInt64LE(BigInt(directory + size), 64);
    const last = Buffer.from(plain.subarray(end));
    last.writeUInt32LE(0xffffffff, 16);
    const archive = ZipArchive.open(Buffer.concat([plain.subarray(0, directory), entry, extra, end64, last]))!;
    expect([...archive.entries()].map((one) => archive.content(one, 100)?.toString())).toEqual(['hello']);
  });
});

import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { pack } from 'tar-stream';
import { defaultLimits, walk, walkTar } from './walk.ts';

async function tarOf(files: Record<string, string | Buffer>): Promise<Buffer> {
  const archive = pack();
  archive.entry({ name: 'folder/', type: 'directory' });
  for (const [name, content] of Object.entries(files)) archive.entry({ name }, content);
  archive.finalize();
  const parts: Uint8Array[] = [];
  for await (const part of archive) parts.push(part as Uint8Array);
  return Buffer.concat(parts);
}

async function* inChunks(bytes: Uint8Array, size = 1000) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function collect(files: AsyncIterable<{ path: string; bytes: Uint8Array }>) {
  const found: [string, string][] = [];
  for await (const { path, bytes } of files) found.push([path, Buffer.from(bytes).toString().slice(0, 20)]);
  return found;
}

const files = { 'a.json': '{}', [`${'long/'.repeat(40)}b.json`]: 'B', '../escape': 'E' };

describe('walkTar', () => {
  it.each([
    ['plain', (tar: Buffer) => tar],
    ['gzip', (tar: Buffer) => gzipSync(tar)],
  ])('reads a %s tar from chunks', async (_, packed) => {
    expect(await collect(walkTar(inChunks(packed(await tarOf(files)))))).toEqual(Object.entries(files));
  });

  it('answers nothing for no chunks', async () => expect(await collect(walkTar(inChunks(Buffer.of())))).toEqual([]));

  it.each([
    ['archive_too_many_entries', { maxEntries: 2 }],
    ['entry_too_large', { maxEntryBytes: 1 }],
    ['archive_too_large', { maxTotalBytes: 2 }],
  ])('refuses with %s', async (code, limits) => {
    const walking = collect(walkTar(inChunks(await tarOf(files)), { ...defaultLimits, ...limits }));
    await expect(walking).rejects.toMatchObject({ name: 'AdvisoryError', code });
  });

  it('refuses a gzip bomb before it is unpacked', async () => {
    const bomb = gzipSync(await tarOf({ 'bomb.json': Buffer.alloc(100 * 1024 ** 2) }));
    await expect(collect(walkTar(inChunks(bomb, 65_536)))).rejects.toMatchObject({ code: 'entry_too_large' });
  });

  it.each([
    ['a truncated gzip', async () => gzipSync(await tarOf(files)).subarray(0, 60)],
    ['a truncated tar', async () => (await tarOf({ 'a.json': 'x'.repeat(5000) })).subarray(0, 3000)],
    ['noise', async () => Buffer.alloc(2048, 'noise')],
  ])('refuses %s', async (_, bytes) => {
    const walking = collect(walkTar(inChunks(await bytes())));
    await expect(walking).rejects.toMatchObject({ code: 'archive_malformed' });
  });

  it('passes on that the chunks failed', async () => {
    const failing = (async function* () {
      yield (await tarOf(files)).subarray(0, 512);
      throw new Error('connection lost');
    })();
    await expect(collect(walkTar(failing))).rejects.toThrow('connection lost');
  });
});

describe('walk', () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'gabion-walk-'));
    await mkdir(join(directory, 'feed/sub'), { recursive: true });
    await writeFile(join(directory, 'feed/a.json'), 'A');
    await writeFile(join(directory, 'feed/sub/b.json'), 'B');
    await symlink('/', join(directory, 'feed/root'));
    await writeFile(join(directory, 'feed.tar.gz'), gzipSync(await tarOf({ 'a.json': 'A' })));
  });
  afterAll(() => rm(directory, { recursive: true }));

  it('reads a directory without following links', async () => {
    expect(await collect(walk(join(directory, 'feed')))).toEqual([
      ['a.json', 'A'],
      ['sub/b.json', 'B'],
    ]);
  });

  it('reads an archive and a single file', async () => {
    expect(await collect(walk(join(directory, 'feed.tar.gz')))).toEqual([['a.json', 'A']]);
    expect(await collect(walk(join(directory, 'feed/a.json')))).toEqual([['a.json', 'A']]);
  });

  it('refuses a path that is not there', async () => {
    await expect(collect(walk(join(directory, 'none')))).rejects.toMatchObject({ code: 'path_not_found' });
  });
});

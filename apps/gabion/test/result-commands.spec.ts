import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildImage, ociArchive } from '@gabion/testkit/images';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { CommandLine } from './command-line.ts';
import { advisories, vulnerableImage } from './vulnerable-image.ts';

let gabion: CommandLine;
let files: string;
beforeAll(async () => {
  gabion = await CommandLine.open();
  files = await mkdtemp(join(tmpdir(), 'gabion-results-'));
  await advisories(join(files, 'feed'));
  await gabion.run(['advisories', 'import', join(files, 'feed')]);
  await writeFile(join(files, 'app.tar'), ociArchive(buildImage(vulnerableImage)));
});
afterAll(async () => {
  await gabion[Symbol.asyncDispose]();
  await rm(files, { recursive: true, force: true });
});

const scan = () => gabion.run(['scan', join(files, 'app.tar'), '--only', 'vuln', '--fail-on', 'high', '--json']);

it('accepts a risk, after which it counts no more, until the exception is removed', async () => {
  expect((await scan()).code).toBe(1);
  const about = ['--vulnerability', 'CVE-2022-3602', '--expires', '30d', '--owner', 'us', '--reason', 'tested'];
  const added = await gabion.run(['exceptions', 'add', ...about, '--json']);
  expect(added.code).toBe(0);
  expect((await scan()).code).toBe(0);
  expect((await gabion.run(['exceptions', 'list'])).out).toMatch(/CVE-2022-3602 .*us +tested/);
  const removed = await gabion.run(['exceptions', 'remove', JSON.parse(added.out).id]);
  expect(removed).toMatchObject({ code: 0, err: expect.not.stringContaining('gabion:') });
  expect((await scan()).code).toBe(1);
}, 60_000);

it('finds images by their vulnerabilities', async () => {
  const found = await gabion.run(['images', 'find', '--vulnerability', 'CVE-2022-3602', '--json']);
  expect(JSON.parse(found.out).images).toMatchObject([{ targets: [join(files, 'app.tar')], packageCount: 1 }]);
  const none = await gabion.run(['images', 'find', '--package', 'nothing']);
  expect(none.out).toBe('No such image has been scanned.\n');
});

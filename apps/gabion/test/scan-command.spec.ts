import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { buildImage, dockerArchive, ociArchive, ociLayout } from '@gabion/testkit/images';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CommandLine } from './command-line.ts';
import { advisories, vulnerableImage } from './vulnerable-image.ts';

let gabion: CommandLine;
let files: string;

beforeAll(async () => {
  gabion = await CommandLine.open();
  files = await mkdtemp(join(tmpdir(), 'gabion-images-'));
  const image = buildImage(vulnerableImage);
  await ociLayout(join(files, 'layout'), image);
  await writeFile(join(files, 'layout.tar'), ociArchive(image));
  await writeFile(join(files, 'saved.tar'), dockerArchive(image, ['app:1'], 'classic'));
  await writeFile(join(files, 'saved-blobs.tar.gz'), gzipSync(dockerArchive(image, ['app:1'], 'blobs')));
  await advisories(join(files, 'feed'));
});

afterAll(async () => {
  await gabion[Symbol.asyncDispose]();
  await rm(files, { recursive: true, force: true });
});

describe('without a running platform', () => {
  it('imports advisories, scans what is in files, and leaves nothing running', async () => {
    const imported = await gabion.run(['advisories', 'import', join(files, 'feed'), '--json']);
    expect(imported).toMatchObject({ code: 0 });
    expect(JSON.parse(imported.out)).toMatchObject({ imported: [{ advisoriesRead: '1', source: { source: 'feed' } }] });

    for (const name of ['layout', 'layout.tar', 'saved.tar', 'saved-blobs.tar.gz']) {
      const scanned = await gabion.run(['scan', join(files, name), '--json', '--fail-on', 'high', '--only', 'vuln']);
      expect({ name, code: scanned.code, err: scanned.err }).toMatchObject({ name, code: 1 });
      const { scan, findings } = JSON.parse(scanned.out);
      expect(scan).toMatchObject({ state: 'SCAN_STATE_SUCCEEDED', packageCount: 1, severityCounts: { critical: 1 } });
      expect(findings).toMatchObject([{ vulnerabilityId: 'CVE-2022-3602', fixedVersion: '3.0.7' }]);
    }
    expect(await gabion.processes()).toEqual([]);
  });

  it('shows a table of 80 to 120 columns, without colours where it is no terminal', async () => {
    const { code, out } = await gabion.run(['scan', join(files, 'layout')]);
    expect(code).toBe(0);
    expect(out).toMatch(/^critical +CVE-2022-3602 +openssl +3\.0\.5 +3\.0\.7/m);
    expect(out).toContain('apt-get install -y --only-upgrade openssl');
    expect(out).not.toContain('\x1b');
    expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(120);
  });

  it('writes reports and SBOMs, and scans what it has written', async () => {
    const bom = join(files, 'bom.json');
    expect(await gabion.run(['sbom', join(files, 'layout'), '--output', bom])).toMatchObject({ code: 0, out: '' });
    const { components, vulnerabilities } = JSON.parse(await readFile(bom, 'utf8'));
    expect(components).toContainEqual(expect.objectContaining({ name: 'openssl', version: '3.0.5' }));
    expect(vulnerabilities ?? []).toEqual([]);
    const sarif = await gabion.run(['scan', bom, '--format', 'sarif', '--fail-on', 'critical']);
    expect(sarif.code).toBe(1);
    expect(JSON.parse(sarif.out).runs[0].results).toMatchObject([{ ruleId: 'CVE-2022-3602' }]);
  });

  it('scans a directory with its lock files', async () => {
    const root = join(files, 'root');
    await mkdir(join(root, 'etc'), { recursive: true });
    await mkdir(join(root, 'var/lib/dpkg'), { recursive: true });
    await writeFile(join(root, 'etc/os-release'), 'ID=debian\nVERSION_ID="12"\n');
    const status = 'Package: openssl\nStatus: install ok installed\nArchitecture: amd64\nVersion: 3.0.5\n\n';
    await writeFile(join(root, 'var/lib/dpkg/status'), status);
    const { code, out } = await gabion.run(['scan', root, '--json', '--only', 'vuln']);
    expect({ code, ...JSON.parse(out) }).toMatchObject({ code: 0, findings: [{ vulnerabilityId: 'CVE-2022-3602' }] });
  });

  it('takes VEX documents for one answer', async () => {
    const vex = join(files, 'vex.json');
    const statement = {
      vulnerability: { name: 'CVE-2022-3602' },
      products: [{ '@id': 'pkg:deb/debian/openssl' }],
      status: 'not_affected',
      justification: 'vulnerable_code_not_in_execute_path',
    };
    const about = { '@context': 'https://openvex.dev/ns/v0.2.0', '@id': 'urn:us', author: 'us', version: 1 };
    await writeFile(vex, JSON.stringify({ ...about, timestamp: '2026-01-01T00:00:00Z', statements: [statement] }));
    const args = ['scan', join(files, 'layout'), '--only', 'vuln', '--fail-on', 'high', '--json', '--vex', vex];
    const ended = await gabion.run(args);
    expect({ code: ended.code, ...JSON.parse(ended.out) }).toMatchObject({ code: 0, findings: [] });
    expect((await gabion.run(args.slice(0, -2))).code).toBe(1);
  });

  it('tells what to upgrade', async () => {
    const { code, out } = await gabion.run(['fix', join(files, 'layout')]);
    expect(code).toBe(0);
    expect(out).toMatch(/^openssl +3\.0\.5 +3\.0\.7 +1 critical/m);
  });

  it('waits for another scan on the same data directory', async () => {
    const both = await Promise.all([1, 2].map(() => gabion.run(['scan', join(files, 'layout'), '--json'])));
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
  });

  it.each([
    ['a path that does not exist', ['scan', './nowhere.tar'], 'path_not_found'],
    ['a malformed reference', ['scan', 'UPPER//case'], 'reference_invalid'],
    ['a registry that cannot be reached', ['scan', '127.0.0.1:1/app:1'], 'registry_unavailable'],
    ['half of the credentials', ['scan', 'app:1', '--username', 'me'], 'usage'],
    ['a source name for several paths', ['advisories', 'import', 'a', 'b', '--source', 'x'], 'usage'],
    ['tokens without a platform', ['token', 'list'], 'not_running'],
  ])('refuses %s in one line with a code', async (_what, args, code) => {
    const ended = await gabion.run([...args, '--json']);
    expect(ended.code).toBe(2);
    expect(ended.err).toMatch(new RegExp(`^gabion: .+ \\[${code}\\]$`, 'm'));
    expect(JSON.parse(ended.out)).toMatchObject({ type: `urn:gabion:error:${code}`, code });
  });

  it('refuses a file that is no image', async () => {
    await writeFile(join(files, 'text.tar'), 'not a tar');
    const ended = await gabion.run(['scan', join(files, 'text.tar')]);
    expect(ended).toMatchObject({ code: 2, out: '', err: expect.stringMatching(/\[archive_invalid\]/) });
  });

  it.each([[['frobnicate']], [['scan']], [['up', '--port', 'x']], [['scan', 'a', '--fail-on', 'awful']]])(
    'answers wrong usage %j with exit code 2',
    async (args) => {
      expect(await gabion.run(args)).toMatchObject({ code: 2, out: '' });
    },
  );

  it.each([[[]], [['up']], [['scan']], [['advisories', 'import']], [['token', 'create']], [['secrets', 'init']]])(
    'helps with %j by example',
    async (args) => {
      const help = await gabion.run([...args, '--help']);
      expect(help).toMatchObject({ code: 0, out: expect.stringContaining('Examples:') });
    },
  );
});

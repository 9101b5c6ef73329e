// Holds what is read from Go programs against `go version -m`: a program built here for several systems and in several
// ways, and any others that are named.
//   node --conditions=source conformance/go-binaries.ts [PROGRAM …]
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readBuildInfo } from '@gabion/inventory/go/build-info';
import { BuildInfoScan } from '@gabion/inventory/go/build-info-scan';
import { goPackages } from '@gabion/inventory/go/go-packages';
import { parseModuleInfo } from '@gabion/inventory/go/module-info';

const builds: Record<string, { env?: Record<string, string>; args?: string[] }> = {
  plain: {},
  stripped: { args: ['-ldflags', '-s -w -X main.version=1.2.3', '-trimpath'] },
  flagged: { args: ['-ldflags', "-X main.version=v3.2.1 -X 'main.other=a b'"] },
  noBuildId: { args: ['-ldflags', '-buildid= -s -w'] },
  pie: { args: ['-buildmode=pie'] },
  windows: { env: { GOOS: 'windows' } },
  darwin: { env: { GOOS: 'darwin', GOARCH: 'arm64' } },
  arm32: { env: { GOARCH: 'arm' } },
  i386: { env: { GOARCH: '386' } },
  s390x: { env: { GOARCH: 's390x' } },
  mips: { env: { GOARCH: 'mips' } },
  freebsd: { env: { GOOS: 'freebsd' } },
};

const directory = await mkdtemp(join(tmpdir(), 'gabion-go-'));
let failures = 0;
try {
  const programs = [...(await built()), ...process.argv.slice(2)];
  for (const program of programs) if (!(await isRead(program))) failures++;
  console.log(`${programs.length - failures} passed, ${failures} failed`);
} finally {
  await rm(directory, { recursive: true, force: true });
}
process.exitCode = failures === 0 ? 0 : 1;

async function built(): Promise<string[]> {
  await writeFile(
    join(directory, 'go.mod'),
    'module example.org/demo\n\ngo 1.21\n\nrequire (\n\tgithub.com/pkg/errors v0.9.1\n\tgolang.org/x/text v0.3.7\n)\n\nreplace golang.org/x/text => golang.org/x/text v0.3.8\n',
  );
  await writeFile(
    join(directory, 'main.go'),
    'package main\n\nimport (\n\t"fmt"\n\n\t"github.com/pkg/errors"\n\t"golang.org/x/text/language"\n)\n\nvar version, other string\n\nfunc main() { fmt.Println(language.English, errors.New("x"), version, other) }\n',
  );
  const go = (args: string[], env: Record<string, string> = {}) =>
    execFileSync('go', args, { cwd: directory, env: { ...process.env, CGO_ENABLED: '0', ...env } });
  go(['mod', 'tidy']);
  return Object.entries(builds).map(([name, { env, args = [] }]) => {
    const file = join(directory, name);
    go(['build', ...args, '-o', file, '.'], env);
    return file;
  });
}

async function isRead(program: string): Promise<boolean> {
  const [first = '', ...lines] = execFileSync('go', ['version', '-m', program]).toString().split('\n');
  const bytes = await readFile(program);
  const info = readBuildInfo(bytes);
  const expected = moduleLines(lines.map((line) => line.slice(1)).join('\n'));
  const actual = info && moduleLines(info.modules);
  const isSame = first.endsWith(`: ${info?.goVersion}`) && expected === actual;
  const scan = new BuildInfoScan();
  for (let at = 0; at < bytes.length; at += 1000_003) scan.write(bytes.subarray(at, at + 1000_003));
  const streamed = scan.end();
  // Before Go 1.18 the strings are elsewhere, which a stream cannot go back to.
  const isStreamed = streamed
    ? streamed.modules === info?.modules
    : !bytes.includes('\xff Go buildinf:\x08\x02', 0, 'latin1');
  const packages = info ? goPackages(info) : [];
  const described = packages.map(({ name, version }) => `${name}@${version}`).join(' ');
  console.log(`${isSame && isStreamed ? 'ok  ' : 'FAIL'} ${program} ${described.slice(0, 200)}`);
  return isSame && isStreamed;
}

function moduleLines(text: string): string {
  const { main, dependencies, settings } = parseModuleInfo(text);
  return JSON.stringify({ main, dependencies, settings: [...settings] });
}

import { readLayer } from '@gabion/rootfs/layer';
import { apply } from '@gabion/rootfs/view';
import { file, type LayerEntry, layerTar } from '@gabion/testkit/layer-tar';
import { describe, expect, it } from '@jest/globals';
import { inventoryAnalyzers, inventoryOf } from '../inventory.ts';
import { lockFiles } from './lock-files.ts';

async function view(...entries: LayerEntry[]) {
  const open = async function* () {
    yield layerTar(entries);
  };
  return apply([{ diffId: 'layer-0', contents: await readLayer(open, { analyzers: inventoryAnalyzers }) }]);
}

async function locked(name: string, content: string, includeDev = false) {
  const { packages, warnings } = inventoryOf(await view(file(`app/${name}`, content)), { lockFiles: true, includeDev });
  expect(warnings).toEqual([]);
  return packages.map(({ purl }) => purl.replace(/^pkg:/, ''));
}

describe('lock files', () => {
  const cargo =
    '[[package]]\nname = "serde"\nversion = "1.0.1"\nsource = "registry+https://github.com/rust-lang/crates.io-index"\n\n[[package]]\nname = "own"\nversion = "0.1.0"\n';

  it('count only when asked for', async () => {
    const image = await view(file('app/Cargo.lock', cargo));
    expect(inventoryOf(image).packages).toEqual([]);
    expect(inventoryOf(image, { lockFiles: true }).packages).toMatchObject([
      {
        type: 'cargo',
        name: 'serde',
        version: '1.0.1',
        ecosystem: 'crates.io',
        evidence: 'lock-file',
        path: 'app/Cargo.lock',
      },
    ]);
  });

  it('are kept as what they declare, whatever their size', async () => {
    const large = `${cargo}\n# ${'x'.repeat(500_000)}\n`;
    const image = await view(file('app/Cargo.lock', large));
    expect(image.read('app/Cargo.lock')!.content!.length).toBeLessThan(500);
  });

  it('of installed packages and of documentation are not those of the image', async () => {
    const places = [
      'node_modules/a/Cargo.lock',
      'usr/share/doc/a/Cargo.lock',
      'go/pkg/mod/x/Cargo.lock',
      'gems/a-1.0/Cargo.lock',
    ];
    const image = await view(...places.map((place) => file(place, cargo)));
    expect(inventoryOf(image, { lockFiles: true }).packages).toEqual([]);
  });

  it('that are broken are warned of, each by its name', async () => {
    const names =
      'package-lock.json pnpm-lock.yaml uv.lock pom.xml composer.lock app.csproj Podfile.lock Package.resolved deno.lock';
    const bad = names.split(' ').map((name) => file(`app/${name}`, '<[{not: "anything'));
    const { packages, warnings } = inventoryOf(await view(...bad), { lockFiles: true });
    expect(packages).toEqual([]);
    expect(warnings.map(({ code, message }) => `${code} ${message.split(':', 1)[0]}`).sort()).toEqual(
      names
        .split(' ')
        .map((name) => `package_malformed app/${name}`)
        .sort(),
    );
  });
});

describe('lock files of JavaScript', () => {
  it('package-lock.json of version 1, with what is nested and aliased', async () => {
    const lock = {
      lockfileVersion: 1,
      dependencies: {
        a: { version: '1.0.0', dependencies: { b: { version: '2.0.0' } } },
        alias: { version: 'npm:@s/real@3.0.0' },
        git: { version: 'git+ssh://git@example.org/x.git#abc' },
        c: { version: '1.0.0', dev: true },
      },
    };
    expect(await locked('package-lock.json', JSON.stringify(lock))).toEqual([
      'npm/%40s/real@3.0.0',
      'npm/a@1.0.0',
      'npm/b@2.0.0',
    ]);
    expect(await locked('npm-shrinkwrap.json', JSON.stringify(lock), true)).toContain('npm/c@1.0.0');
  });

  it('package-lock.json of version 3, without workspaces and links', async () => {
    const packages = {
      '': { name: 'app', version: '1.0.0' },
      'packages/own': { name: 'own', version: '1.0.0' },
      'node_modules/own': { resolved: 'packages/own', link: true },
      'node_modules/@s/a': { version: '1.0.0', license: 'MIT' },
      'node_modules/@s/a/node_modules/b': { version: '2.0.0' },
      'node_modules/alias': { name: 'real', version: '3.0.0' },
      'node_modules/d': { version: '4.0.0', dev: true },
    };
    expect(await locked('package-lock.json', JSON.stringify({ lockfileVersion: 3, packages }))).toEqual([
      'npm/%40s/a@1.0.0',
      'npm/b@2.0.0',
      'npm/real@3.0.0',
    ]);
  });

  it('yarn.lock of Yarn 1 and of later ones', async () => {
    const one =
      '# yarn lockfile v1\n\n\n"@s/a@^1.0.0", "@s/a@^1.1.0":\n  version "1.1.0"\n  resolved "https://example.org/a.tgz"\n  dependencies:\n    version "9.9.9"\n\nalias@npm:real@^2.0.0:\n  version "2.0.1"\n\nb@1:\n  version "1.0.0"\n';
    expect(await locked('yarn.lock', one)).toEqual(['npm/%40s/a@1.1.0', 'npm/b@1.0.0', 'npm/real@2.0.1']);
    const berry =
      '__metadata:\n  version: 8\n\n"@s/a@npm:^1.0.0, @s/a@npm:^1.1.0":\n  version: 1.1.0\n  resolution: "@s/a@npm:1.1.0"\n\n"alias@npm:real@^2":\n  version: 2.0.1\n  resolution: "real@npm:2.0.1"\n\n"app@workspace:.":\n  version: 0.0.0-use.local\n  resolution: "app@workspace:."\n\n"p@patch:p@npm%3A1.0.0#./x.patch":\n  version: 1.0.0\n  resolution: "p@patch:p@npm%3A1.0.0#./x.patch::version=1.0.0"\n';
    expect(await locked('yarn.lock', berry)).toEqual(['npm/%40s/a@1.1.0', 'npm/p@1.0.0', 'npm/real@2.0.1']);
  });

  it('pnpm-lock.yaml of versions 5, 6 and 9', async () => {
    const five =
      'lockfileVersion: 5.4\npackages:\n  /@s/a/1.0.0_react@17.0.0:\n    dev: false\n  /b/2.0.0:\n    dev: true\n  example.org/c/tar:\n    name: c\n    version: 3.0.0\n';
    expect(await locked('pnpm-lock.yaml', five)).toEqual(['npm/%40s/a@1.0.0', 'npm/c@3.0.0']);
    const long = `/c@1.0.0(${'peer@1.0.0'.repeat(200)})`;
    const folded = `lockfileVersion: '6.0'\npackages:\n  ? ${long}\n  : resolution: {integrity: x}\n    deprecated: >-\n      no more\n      dev: true\n    dev: false\n`;
    expect(await locked('pnpm-lock.yaml', folded)).toEqual(['npm/c@1.0.0']);
    const six =
      "lockfileVersion: '6.0'\npackages:\n  /@s/a@1.10.0(react@17.0.0):\n    dev: false\n  /b@2.0.0:\n    dev: true\n";
    expect(await locked('pnpm-lock.yaml', six)).toEqual(['npm/%40s/a@1.10.0']);
    expect(await locked('pnpm-lock.yaml', six, true)).toEqual(['npm/%40s/a@1.10.0', 'npm/b@2.0.0']);
    const nine =
      "lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n      '@s/a':\n        specifier: ^1\n        version: 1.0.0(b@2.0.0)\n      alias:\n        specifier: npm:real@1\n        version: real@1.0.0\n    devDependencies:\n      d:\n        specifier: ^1\n        version: 1.0.0\npackages:\n  '@s/a@1.0.0': {resolution: {integrity: x}}\n  b@2.0.0: {}\n  d@1.0.0: {}\n  real@1.0.0: {}\nsnapshots:\n  '@s/a@1.0.0(b@2.0.0)':\n    dependencies:\n      b: 2.0.0\n  b@2.0.0: {}\n  d@1.0.0:\n    dependencies:\n      d: 1.0.0\n  real@1.0.0: {}\n";
    expect(await locked('pnpm-lock.yaml', nine)).toEqual(['npm/%40s/a@1.0.0', 'npm/b@2.0.0', 'npm/real@1.0.0']);
  });

  it('bun.lock and deno.lock', async () => {
    const bun =
      '{\n  "lockfileVersion": 1,\n  "packages": {\n    "a": ["@s/a@1.0.0", "", {}, "sha512-x"],\n    "own": ["own@workspace:packages/own"],\n  },\n}\n';
    expect(await locked('bun.lock', bun)).toEqual(['npm/%40s/a@1.0.0']);
    const deno = { version: '4', npm: { '@s/a@1.0.0_react@17.0.0': {}, 'string_decoder@1.3.0': {} } };
    expect(await locked('deno.lock', JSON.stringify(deno))).toEqual(['npm/%40s/a@1.0.0', 'npm/string_decoder@1.3.0']);
  });
});

describe('lock files of Python', () => {
  it('requirements.txt, pins only', async () => {
    const text =
      '# comment\n-r other.txt\nDjango==4.2.1 ; python_version > "3" # why\nrequests[socks]==2.31.0 \\\n    --hash=sha256:abc\nflask>=2.0\nrange==1.0,<2\nany==1.*\nsix === 1.16.0\nurl @ https://example.org/x.whl\n';
    expect(await locked('requirements.txt', text)).toEqual([
      'pypi/django@4.2.1',
      'pypi/requests@2.31.0',
      'pypi/six@1.16.0',
    ]);
    expect(await locked('requirements-dev.txt', text)).toEqual([]);
    expect(await locked('requirements-dev.txt', text, true)).toHaveLength(3);
  });

  it('Pipfile.lock, poetry.lock, pdm.lock, pylock.toml', async () => {
    const pipfile = {
      _meta: {},
      default: { a: { version: '==1.0' }, git: { git: 'x' } },
      develop: { b: { version: '==2.0' } },
    };
    expect(await locked('Pipfile.lock', JSON.stringify(pipfile))).toEqual(['pypi/a@1.0']);
    const poetry =
      '[[package]]\nname = "a"\nversion = "1.0"\n\n[[package]]\nname = "b"\nversion = "2.0"\ncategory = "dev"\n\n[[package]]\nname = "c"\nversion = "3.0"\ngroups = ["dev"]\n\n[[package]]\nname = "d"\nversion = "4.0"\ngroups = ["main", "dev"]\n';
    expect(await locked('poetry.lock', poetry)).toEqual(['pypi/a@1.0', 'pypi/d@4.0']);
    expect(await locked('pdm.lock', poetry, true)).toHaveLength(4);
    const pylock =
      'lock-version = "1.0"\n[[packages]]\nname = "a"\nversion = "1.0"\n[[packages]]\nname = "vcs"\n[packages.vcs]\ntype = "git"\n';
    expect(await locked('pylock.toml', pylock)).toEqual(['pypi/a@1.0']);
  });

  it('uv.lock, what the project reaches without its development groups', async () => {
    const uv =
      'version = 1\n[[package]]\nname = "own"\nversion = "0.1.0"\nsource = { virtual = "." }\ndependencies = [{ name = "a" }]\n[package.optional-dependencies]\nx = [{ name = "extra" }]\n[package.dev-dependencies]\ndev = [{ name = "d" }]\n[[package]]\nname = "a"\nversion = "1.0"\nsource = { registry = "https://example.org" }\ndependencies = [{ name = "b" }]\n[[package]]\nname = "b"\nversion = "2.0"\n[[package]]\nname = "extra"\nversion = "4.0"\n[[package]]\nname = "d"\nversion = "3.0"\ndependencies = [{ name = "b" }]\n';
    expect(await locked('uv.lock', uv)).toEqual(['pypi/a@1.0', 'pypi/b@2.0', 'pypi/extra@4.0']);
  });
});

describe('lock files of the JVM, Go and .NET', () => {
  it('pom.xml with its properties, managed versions and parent', async () => {
    const pom = `<?xml version="1.0"?><project xmlns="http://maven.apache.org/POM/4.0.0">
      <parent><groupId>org.example</groupId><artifactId>parent</artifactId><version>3.0</version></parent>
      <artifactId>app</artifactId>
      <properties><spring>5.3.1</spring><of.spring>\${spring}</of.spring><loop>\${loop}</loop></properties>
      <dependencyManagement><dependencies><dependency><groupId>g</groupId><artifactId>managed</artifactId><version>1.1</version></dependency></dependencies></dependencyManagement>
      <dependencies>
        <dependency><groupId>org.springframework</groupId><artifactId>spring-core</artifactId><version>\${of.spring}</version></dependency>
        <dependency><groupId>g</groupId><artifactId>managed</artifactId></dependency>
        <dependency><groupId>\${project.groupId}</groupId><artifactId>sibling</artifactId><version>\${project.version}</version></dependency>
        <dependency><groupId>g</groupId><artifactId>open</artifactId><version>\${loop}</version></dependency>
        <dependency><groupId>g</groupId><artifactId>range</artifactId><version>[1.0,2.0)</version></dependency>
        <dependency><groupId>g</groupId><artifactId>exact</artifactId><version>[1.0]</version></dependency>
        <dependency><groupId>junit</groupId><artifactId>junit</artifactId><version>4.12</version><scope>test</scope></dependency>
      </dependencies></project>`;
    expect(await locked('pom.xml', pom)).toEqual([
      'maven/g/exact@1.0',
      'maven/g/managed@1.1',
      'maven/org.example/app@3.0',
      'maven/org.example/sibling@3.0',
      'maven/org.springframework/spring-core@5.3.1',
    ]);
    expect(await locked('pom.xml', pom, true)).toContain('maven/junit/junit@4.12');
  });

  it('gradle.lockfile and build.sbt.lock', async () => {
    const gradle =
      '# This is a Gradle generated file\norg.a:b:1.0=compileClasspath,runtimeClasspath\norg.c:d:2.0=testRuntimeClasspath\nempty=\n';
    expect(await locked('gradle.lockfile', gradle)).toEqual(['maven/org.a/b@1.0']);
    const sbt = {
      lockVersion: 1,
      dependencies: [
        { org: 'org.a', name: 'b', version: '1.0', configurations: ['compile'] },
        { org: 'x', name: 'y', version: '1', configurations: ['test'] },
      ],
    };
    expect(await locked('build.sbt.lock', JSON.stringify(sbt))).toEqual(['maven/org.a/b@1.0']);
  });

  it('go.mod with replacements', async () => {
    const mod =
      'module example.org/own\n\ngo 1.21\n\nrequire golang.org/x/net v0.7.0 // indirect\nrequire (\n\tgithub.com/Azure/a v1.0.0\n\tgithub.com/b/b/v2 v2.0.0+incompatible\n\tlocal/c v1.0.0\n\tonly/old v1.0.0\n)\nreplace (\n\tgolang.org/x/net => golang.org/x/net v0.8.0\n\tlocal/c => ../c\n\tonly/old v0.9.0 => other/x v1.0.0\n)\nexclude github.com/x/y v1.0.0\n';
    expect(await locked('go.mod', mod)).toEqual([
      'golang/github.com/azure/a@v1.0.0',
      'golang/github.com/b/b/v2@v2.0.0%2Bincompatible',
      'golang/golang.org/x/net@v0.8.0',
      'golang/only/old@v1.0.0',
    ]);
  });

  it('packages.lock.json, packages.config, project files and central versions', async () => {
    const lock = {
      version: 1,
      dependencies: {
        'net6.0': { A: { type: 'Direct', resolved: '1.0.0' }, own: { type: 'Project' } },
        'net8.0': { A: { type: 'Transitive', resolved: '1.0.0' } },
      },
    };
    expect(await locked('packages.lock.json', JSON.stringify(lock))).toEqual(['nuget/A@1.0.0']);
    const config =
      '<?xml version="1.0"?>\n<packages><package id="A" version="1.0" /><package id="B" version="2.0" developmentDependency="true" /></packages>';
    expect(await locked('packages.config', config)).toEqual(['nuget/A@1.0']);
    const project =
      '<Project Sdk="Microsoft.NET.Sdk"><PropertyGroup><V>3.0.0</V></PropertyGroup><ItemGroup><PackageReference Include="A" Version="1.0.0" /><PackageReference Include="B"><Version>$(V)</Version></PackageReference><PackageReference Include="C" Version="1.*" /><PackageReference Include="D" Version="1.0.0" PrivateAssets="all" /><PackageReference Include="E" /></ItemGroup></Project>';
    expect(await locked('app.csproj', project)).toEqual(['nuget/A@1.0.0', 'nuget/B@3.0.0']);
    expect(
      await locked(
        'Directory.Packages.props',
        '<Project><ItemGroup><PackageVersion Include="A" Version="[1.0.0]" /></ItemGroup></Project>',
      ),
    ).toEqual(['nuget/A@1.0.0']);
  });
});

describe('lock files of other languages', () => {
  it('Gemfile.lock, composer.lock', async () => {
    const gemfile =
      'GIT\n  remote: https://example.org/g.git\n  revision: abc\n  specs:\n    git (0.1.0)\n\nPATH\n  remote: .\n  specs:\n    own (1.0.0)\n\nGEM\n  remote: https://rubygems.org/\n  specs:\n    nokogiri (1.15.0-x86_64-linux)\n      racc (~> 1.4)\n    racc (1.7.0)\n\nDEPENDENCIES\n  nokogiri (~> 1)\n';
    expect(await locked('Gemfile.lock', gemfile)).toEqual([
      'gem/git@0.1.0',
      'gem/nokogiri@1.15.0?platform=x86_64-linux',
      'gem/racc@1.7.0',
    ]);
    const composer = {
      packages: [{ name: 'Monolog/monolog', version: 'v2.0.0', license: ['MIT'] }],
      'packages-dev': [{ name: 'phpunit/phpunit', version: '9.0.0' }],
    };
    expect(await locked('composer.lock', JSON.stringify(composer))).toEqual(['composer/monolog/monolog@2.0.0']);
    expect(await locked('composer.lock', JSON.stringify(composer), true)).toHaveLength(2);
  });

  it('mix.lock, rebar.lock, pubspec.lock', async () => {
    expect(
      await locked(
        'mix.lock',
        '%{\n  "jason": {:hex, :jason, "1.4.0", "abc", [:mix], [], "hexpm", "def"},\n  "git": {:git, "https://example.org", "abc", []},\n}\n',
      ),
    ).toEqual(['hex/jason@1.4.0']);
    expect(
      await locked(
        'rebar.lock',
        '{"1.2.0",\n[{<<"cowboy">>,{pkg,<<"cowboy">>,<<"2.9.0">>},0},\n {<<"x">>,{git,"x"},0}]}.\n',
      ),
    ).toEqual(['hex/cowboy@2.9.0']);
    const pub =
      'packages:\n  http:\n    dependency: "direct main"\n    source: hosted\n    version: "0.13.3"\n  test:\n    dependency: "direct dev"\n    source: hosted\n    version: "1.10"\n  flutter:\n    dependency: "direct main"\n    source: sdk\n    version: "0.0.0"\n';
    expect(await locked('pubspec.lock', pub)).toEqual(['pub/http@0.13.3']);
    expect(await locked('pubspec.lock', pub, true)).toEqual(['pub/http@0.13.3', 'pub/test@1.10']);
  });

  it('conan.lock of versions 1 and 2', async () => {
    const two = {
      version: '0.5',
      requires: ['zlib/1.2.11#rev%1.0', 'openssl/3.0.3@user/stable'],
      build_requires: ['cmake/3.0'],
    };
    expect(await locked('conan.lock', JSON.stringify(two))).toEqual(['conan/openssl@3.0.3', 'conan/zlib@1.2.11']);
    const one = {
      graph_lock: { nodes: { 0: { path: 'conanfile.py', ref: 'own/1.0' }, 1: { ref: 'zlib/1.2.11#rev' } } },
    };
    expect(await locked('conan.lock', JSON.stringify(one))).toEqual(['conan/zlib@1.2.11']);
  });

  it('Package.resolved of versions 1 and 2, Podfile.lock', async () => {
    const two = {
      version: 2,
      pins: [
        { identity: 'swift-nio', location: 'https://github.com/apple/swift-nio.git', state: { version: '2.0.0' } },
        { identity: 'b', location: 'git@github.com:Org/b.git', state: { branch: 'main' } },
      ],
    };
    expect(await locked('Package.resolved', JSON.stringify(two))).toEqual(['swift/github.com/apple/swift-nio@2.0.0']);
    const one = {
      version: 1,
      object: { pins: [{ package: 'b', repositoryURL: 'git@github.com:Org/b.git', state: { version: '1.0.0' } }] },
    };
    expect(await locked('Package.resolved', JSON.stringify(one))).toEqual(['swift/github.com/Org/b@1.0.0']);
    const pods =
      'PODS:\n  - A (1.10)\n  - B/Core (2.0):\n    - A (~> 1)\n  - Own (1.0)\n\nDEPENDENCIES:\n  - A\n\nEXTERNAL SOURCES:\n  Own:\n    :path: "../own"\n';
    expect(await locked('Podfile.lock', pods)).toEqual(['cocoapods/A@1.10', 'cocoapods/B@2.0']);
  });

  it('renv.lock, Manifest.toml, stack.yaml.lock, cabal.project.freeze', async () => {
    expect(
      await locked('renv.lock', JSON.stringify({ R: {}, Packages: { rJava: { Package: 'rJava', Version: '1.0-4' } } })),
    ).toEqual(['cran/rJava@1.0-4']);
    const two =
      'manifest_format = "2.0"\n[[deps.JSON]]\nuuid = "682c06a0-de6a-54ab-a142-c8b1cf79cde6"\nversion = "0.21.3"\n[[deps.Dates]]\nuuid = "ade2ca70"\n';
    expect(await locked('Manifest.toml', two)).toEqual(['julia/JSON@0.21.3?uuid=682c06a0-de6a-54ab-a142-c8b1cf79cde6']);
    expect(await locked('Manifest.toml', '[[JSON]]\nuuid = "u"\nversion = "0.21.3"\n')).toEqual([
      'julia/JSON@0.21.3?uuid=u',
    ]);
    expect(
      await locked(
        'stack.yaml.lock',
        'packages:\n- completed:\n    hackage: AC-HalfInteger-1.2.1@sha256:abc,12\n  original:\n    hackage: AC-HalfInteger-1.2.1\n',
      ),
    ).toEqual(['hackage/AC-HalfInteger@1.2.1']);
    expect(
      await locked(
        'cabal.project.freeze',
        'constraints: any.aeson ==2.0.3.0,\n             aeson +ordered-keymap,\n             any.text ==1.2.5.0\n',
      ),
    ).toEqual(['hackage/aeson@2.0.3.0', 'hackage/text@1.2.5.0']);
  });
});

describe('hostile lock files', () => {
  const deep = 200_000;
  const bombs: Record<string, string> = {
    'nested JSON': '['.repeat(deep) + ']'.repeat(deep),
    'nested objects': '{"dependencies":'.repeat(deep),
    'nested dependencies': `${'{"dependencies":{"a":'.repeat(90)}1${'}}'.repeat(90)}`,
    'nested YAML': '[ '.repeat(deep),
    'dashes of YAML': '- '.repeat(deep),
    'aliases of YAML': `a: &a [x, x, x, x, x, x, x, x, x]\n${[...'bcdefghij'].map((name, i) => `${name}: &${name} [${Array(9).fill(`*${'abcdefghij'[i]}`).join(', ')}]`).join('\n')}\n`,
    'tables of TOML': `[${'a.'.repeat(5000)}a]\n`,
    'arrays of TOML': `a = ${'['.repeat(deep)}`,
    'nested XML': '<a>'.repeat(deep),
    'entities of XML': '<!DOCTYPE x [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><project>&b;</project>',
    'one long line': `"${'a@'.repeat(500_000)}":`,
    'blanks and braces': '{ '.repeat(deep) + ' '.repeat(deep),
    'bytes that are no text': Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * 7919) % 256)).toString('latin1'),
    'keys of the prototype':
      '{"__proto__":{"version":"1.0.0"},"packages":{"node_modules/__proto__":{"version":"1.0.0"}},"constructor":1}',
    'wrong kinds':
      '{"packages":5,"dependencies":[1],"pins":{"a":1},"PODS":"x","default":[[]],"npm":null,"requires":{"a":2}}',
    nothing: '',
  };

  it.each(Object.keys(bombs))('are read without harm: %s', (bomb) => {
    const content = Buffer.from(bombs[bomb]!);
    for (const { parse, name } of lockFiles) {
      const before = performance.now();
      try {
        expect(parse(content, 'x').length).toBeLessThan(10);
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
      }
      expect(`${name} ${performance.now() - before < 1000}`).toBe(`${name} true`);
    }
  });
});

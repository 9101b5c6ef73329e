import { readLayer } from '@gabion/rootfs/layer';
import { apply } from '@gabion/rootfs/view';
import { file, type LayerEntry, layerTar } from '@gabion/testkit/layer-tar';
import { describe, expect, it } from '@jest/globals';
import { zipSync } from 'fflate';
import { inventoryAnalyzers, inventoryOf } from './inventory.ts';

async function inventory(...entries: LayerEntry[]) {
  const open = async function* () {
    yield layerTar(entries);
  };
  return inventoryOf(
    apply([{ diffId: 'layer-0', contents: await readLayer(open, { analyzers: inventoryAnalyzers }) }]),
  );
}

async function purls(...entries: LayerEntry[]) {
  const { packages, warnings } = await inventory(...entries);
  expect(warnings).toEqual([]);
  return packages.map(({ purl }) => purl.replace(/^pkg:/, ''));
}

describe('gems of an image', () => {
  const written = [
    '# -*- encoding: utf-8 -*-',
    '# stub: nokogiri 1.15.0 x86_64-linux lib',
    '',
    'Gem::Specification.new do |s|',
    '  s.name = "nokogiri".freeze',
    '  s.version = "1.15.0"',
    '  s.platform = "x86_64-linux".freeze',
    '  s.licenses = ["MIT".freeze, "Ruby".freeze]',
    '  s.add_runtime_dependency(%q<racc>.freeze, ["~> 1.4"])',
    'end',
  ].join('\n');

  it('are those of specifications that RubyGems wrote, default ones too', async () => {
    const gems = 'usr/local/bundle/specifications';
    const { packages } = await inventory(
      file(`${gems}/nokogiri-1.15.0-x86_64-linux.gemspec`, written),
      file(
        'usr/local/lib/ruby/gems/3.2.0/specifications/default/json-2.6.3.gemspec',
        'Gem::Specification.new do |s|\n  s.name = "json".freeze\n  s.version = Gem::Version.new("2.6.3")\nend\n',
      ),
      file(
        'usr/local/bundle/gems/rack-2.2.3/rack.gemspec',
        'Gem::Specification.new do |s|\n  s.name = "rack"\n  s.version = RACK_VERSION\nend\n',
      ),
    );
    expect(packages).toMatchObject([
      { purl: 'pkg:gem/json@2.6.3', ecosystem: 'RubyGems', evidence: 'package-metadata', layerDiffId: 'layer-0' },
      { purl: 'pkg:gem/nokogiri@1.15.0?platform=x86_64-linux', licenses: ['MIT', 'Ruby'] },
    ]);
  });

  it('that no version can be read of are warned of', async () => {
    const { packages, warnings } = await inventory(
      file('x/specifications/a.gemspec', '  s.name = "a"\n  s.version = VERSION\n'),
    );
    expect(packages).toEqual([]);
    expect(warnings.map(({ code }) => code)).toEqual(['package_incomplete']);
  });
});

describe('PHP packages of an image', () => {
  const packages = [
    { name: 'Symfony/http-kernel', version: 'v5.4.1', license: ['MIT'] },
    { name: 'acme/meta', version: '1.0.0', type: 'metapackage' },
    { name: 'acme/branch', version: 'dev-main' },
  ];

  it('are those of installed.json, of Composer 1 and 2', async () => {
    const expected = ['composer/acme/branch@dev-main', 'composer/symfony/http-kernel@5.4.1'];
    expect((await purls(file('app/vendor/composer/installed.json', JSON.stringify({ packages })))).sort()).toEqual(
      expected,
    );
    expect((await purls(file('app/vendor/composer/installed.json', JSON.stringify(packages)))).sort()).toEqual(
      expected,
    );
  });
});

describe('.NET packages of an image', () => {
  const deps = {
    runtimeTarget: { name: '.NETCoreApp,Version=v6.0/linux-x64' },
    targets: {
      '.NETCoreApp,Version=v6.0': {},
      '.NETCoreApp,Version=v6.0/linux-x64': {
        'app/1.0.0': { runtime: { 'app.dll': {} } },
        'Newtonsoft.Json/12.0.3': { runtime: { 'lib/Newtonsoft.Json.dll': {} } },
        'Analyzers/1.0.0': {},
        'Compile.Only/1.0.0': { compileOnly: true, runtime: { 'x.dll': {} } },
        'runtimepack.Microsoft.NETCore.App.Runtime.linux-x64/6.0.1': { runtime: { 'System.dll': {} } },
      },
    },
    libraries: {
      'app/1.0.0': { type: 'project' },
      'Newtonsoft.Json/12.0.3': { type: 'package' },
      'Analyzers/1.0.0': { type: 'package' },
      'Compile.Only/1.0.0': { type: 'package' },
      'runtimepack.Microsoft.NETCore.App.Runtime.linux-x64/6.0.1': { type: 'runtimepack' },
    },
  };

  it('are those that an application loads, the runtime that it carries along included', async () => {
    expect(await purls(file('app/app.deps.json', JSON.stringify(deps)))).toEqual([
      'nuget/Microsoft.NETCore.App.Runtime.linux-x64@6.0.1',
      'nuget/Newtonsoft.Json@12.0.3',
    ]);
  });

  it('include shared frameworks, by the package that advisories name', async () => {
    const id = 'Microsoft.AspNetCore.App.Runtime.linux-x64/6.0.1';
    const framework = {
      runtimeTarget: { name: '.NETCoreApp,Version=v6.0/linux-x64' },
      targets: { '.NETCoreApp,Version=v6.0/linux-x64': { [id]: { runtime: { 'a.dll': {} } } } },
      libraries: { [id]: { type: 'package' } },
    };
    const path = 'usr/share/dotnet/shared/Microsoft.AspNetCore.App/6.0.1/Microsoft.AspNetCore.App.deps.json';
    expect(await purls(file(path, JSON.stringify(framework)))).toEqual([
      'nuget/Microsoft.AspNetCore.App.Runtime.linux-x64@6.0.1',
    ]);
  });

  it('include those of a NuGet folder, unpacked or not', async () => {
    const nuspec =
      '<?xml version="1.0"?><package xmlns="http://schemas.microsoft.com/packaging/2013/05/nuspec.xsd"><metadata><id>A.B</id><version>1.0.0</version><license type="expression">MIT</license></metadata></package>';
    const { packages } = await inventory(
      file('root/.nuget/packages/a.b/1.0.0/a.b.nuspec', nuspec),
      file('opt/c.nupkg', zipSync({ 'C.nuspec': Buffer.from(nuspec.replace('A.B', 'C')) })),
    );
    expect(packages).toMatchObject([
      { purl: 'pkg:nuget/A.B@1.0.0', licenses: ['MIT'] },
      { purl: 'pkg:nuget/C@1.0.0', path: 'opt/c.nupkg' },
    ]);
  });
});

describe('packages of other languages in an image', () => {
  it('Conda, without guessing an ecosystem', async () => {
    const record = {
      name: 'numpy',
      version: '1.26.0',
      build: 'py311_0',
      channel: 'https://conda.anaconda.org/conda-forge/linux-64',
      subdir: 'linux-64',
      fn: 'numpy-1.26.0-py311_0.conda',
      license: 'BSD-3-Clause',
    };
    const { packages } = await inventory(
      file('opt/conda/conda-meta/numpy-1.26.0-py311_0.json', JSON.stringify(record)),
      file(
        'opt/conda/conda-meta/six-1.json',
        JSON.stringify({ name: 'six', version: '1.16.0', channel: 'https://conda.anaconda.org/pypi' }),
      ),
    );
    expect(packages).toMatchObject([
      {
        type: 'conda',
        ecosystem: '',
        purl: 'pkg:conda/numpy@1.26.0?build=py311_0&channel=conda-forge&subdir=linux-64&type=conda',
        evidence: 'package-database',
      },
      { type: 'pypi', ecosystem: 'PyPI', purl: 'pkg:pypi/six@1.16.0' },
    ]);
  });

  it('R, without its own packages and without sources', async () => {
    const built = 'Built: R 4.3.1; ; 2023-01-01; unix\n';
    expect(
      await purls(
        file(
          'usr/local/lib/R/site-library/rJava/DESCRIPTION',
          `Package: rJava\nVersion: 1.0-4\nDescription: a\n Version: 9\n${built}`,
        ),
        file('usr/lib/R/library/stats/DESCRIPTION', `Package: stats\nPriority: base\nVersion: 4.3.1\n${built}`),
        file('srv/source/DESCRIPTION', 'Package: source\nVersion: 1.0\n'),
      ),
    ).toEqual(['cran/rJava@1.0-4']);
  });

  it('LuaRocks, Dart, Erlang and Elixir, CPAN', async () => {
    expect(
      await purls(
        file(
          'usr/local/lib/luarocks/rocks-5.1/LuaSocket/3.0-1/luasocket-3.0-1.rockspec',
          'package = "LuaSocket"\nversion = "3.0-1"\ndescription = {\n   license = "MIT"\n}\n',
        ),
        file('root/.pub-cache/hosted/pub.dev/http-0.13.3/pubspec.yaml', 'name: http\nversion: 0.13.3\n'),
        file(
          'app/lib/cowboy-2.9.0/ebin/cowboy.app',
          '{application, \'cowboy\', [\n\t{description, "x"},\n\t{vsn, "2.9.0"}\n]}.',
        ),
        file(
          'app/lib/ssl-10.9/ebin/ssl.app',
          '{application, ssl,\n [{description, "Erlang/OTP SSL application"}, {vsn, "10.9"}]}.',
        ),
        file(
          'usr/local/lib/perl5/site_perl/5.36.0/x86_64-linux-gnu/.meta/URI-PackageURL-2.04/install.json',
          '{"name":"URI::PackageURL","version":"2.04","dist":"URI-PackageURL-2.04"}',
        ),
      ),
    ).toEqual([
      'luarocks/luasocket@3.0-1',
      'cpan/URI-PackageURL@2.04',
      'hex/cowboy@2.9.0',
      'pub/http@0.13.3',
      'otp/ssl@10.9',
    ]);
  });
});

describe('package managers beside those of languages', () => {
  it('cargo install, GHC, Julia, opam, Homebrew', async () => {
    expect(
      await purls(
        file(
          'root/.cargo/.crates.toml',
          '[v1]\n"own 0.1.0 (path+file:///src)" = ["own"]\n"ripgrep 13.0.0 (registry+https://github.com/rust-lang/crates.io-index)" = ["rg"]\n',
        ),
        file(
          'root/.cabal/store/ghc-9.4.7/package.db/aeson-2.0.3.0-abc.conf',
          'name:                 aeson\nversion:              2.0.3.0\nlicense:              BSD-3-Clause\n',
        ),
        file('root/.julia/packages/JSON/93Ea8/Project.toml', 'name = "JSON"\nuuid = "682c06a0"\nversion = "0.21.4"\n'),
        file('home/opam/.opam/4.14/.opam-switch/packages/lwt.5.7.0/opam', 'opam-version: "2.0"\nlicense: "MIT"\n'),
        file(
          'home/linuxbrew/.linuxbrew/Cellar/openssl@3/3.1.4/INSTALL_RECEIPT.json',
          '{"source":{"tap":"homebrew/core"}}',
        ),
        file('home/linuxbrew/.linuxbrew/Cellar/x/1.0/INSTALL_RECEIPT.json', '{"source":{"tap":"some-org/some-tap"}}'),
      ),
    ).toEqual([
      'julia/JSON@0.21.4?uuid=682c06a0',
      'hackage/aeson@2.0.3.0',
      'opam/lwt@5.7.0',
      'brew/openssl%403@3.1.4',
      'cargo/ripgrep@13.0.0',
      'brew/some-org/some-tap/x@1.0',
    ]);
  });

  it('PEAR, WordPress, CocoaPods, Visual Studio Code', async () => {
    const reg =
      'a:22:{s:7:"attribs";a:6:{s:7:"version";s:3:"2.0";}s:4:"name";s:5:"redis";s:7:"channel";s:12:"pecl.php.net";s:7:"version";a:2:{s:7:"release";s:5:"5.3.7";s:3:"api";s:5:"5.3.0";}}';
    expect(
      await purls(
        file('usr/local/lib/php/.registry/.channel.pecl.php.net/redis.reg', reg),
        file(
          'var/www/html/wp-content/plugins/akismet/akismet.php',
          '<?php\n/**\n * Plugin Name: Akismet\n * Version: 5.0.1 */\n',
        ),
        file('var/www/html/wp-content/plugins/akismet/class.akismet.php', '<?php\nclass Akismet {}\n'),
        file('var/www/html/wp-content/themes/twenty/style.css', '/*\nTheme Name: Twenty\nVersion: 2.1\n*/'),
        file('app/Pods/Manifest.lock', 'PODS:\n  - A (1.10)\n'),
        file(
          'root/.vscode-server/extensions/redhat.java-1.46.0/package.json',
          '{"publisher":"redhat","name":"java","version":"1.46.0"}',
        ),
      ),
    ).toEqual([
      'cocoapods/A@1.10',
      'generic/pecl.php.net/redis@5.3.7',
      'vscode-extension/redhat/java@1.46.0',
      'generic/wordpress-plugin/akismet@5.0.1',
      'generic/wordpress-theme/twenty@2.1',
    ]);
  });
});

describe('hostile files of languages', () => {
  const places = [
    'node_modules/a/package.json',
    '.yarn/cache/a.zip',
    'a.dist-info/METADATA',
    'a.whl',
    'a.egg',
    'specifications/a.gemspec',
    'vendor/composer/installed.json',
    'a.deps.json',
    'a.nuspec',
    'a.nupkg',
    'conda-meta/a.json',
    'r/a/DESCRIPTION',
    'rocks-5.1/a.rockspec',
    'hosted/pub.dev/a/pubspec.yaml',
    'ebin/a.app',
    '.meta/a/install.json',
    '.crates.toml',
    'package.conf.d/a.conf',
    'packages/A/abcde/Project.toml',
    '.registry/a.reg',
    'wp-content/plugins/a/a.php',
    'Pods/Manifest.lock',
    'extensions/a.b-1/package.json',
  ];
  const zip = Buffer.from(
    zipSync({ 'a.dist-info/METADATA': Buffer.alloc(20_000_000), 'a.nuspec': Buffer.alloc(20_000_000) }),
  );
  const bombs: Record<string, Uint8Array> = {
    'deep nesting': Buffer.from('[{"a":'.repeat(50_000)),
    'a zip bomb': zip,
    'a cut zip': zip.subarray(0, zip.length / 2),
    'a zip of nothing but its end': zip.subarray(-22),
    'bytes that are no text': Buffer.from([0, 0xff, 0xfe, 0x80, 0x0a, 0, 0x7b]),
    'what an analyzer would have kept': Buffer.from('\0{"by":"python","packages":[{"name":1}],"warnings":[]}'),
    'one long line': Buffer.alloc(2_000_000, 's.name = "'),
    blanks: Buffer.alloc(2_000_000, ' '),
    'wrong kinds': Buffer.from(
      '{"name":{},"version":[],"packages":{"a":1},"libraries":{"a":{"type":"package"}},"targets":5}',
    ),
  };

  it.each(Object.keys(bombs))('become warnings, and the rest is found: %s', async (bomb) => {
    const hostile = places.map((place) => file(`srv/${place}`, bombs[bomb]!));
    const before = performance.now();
    const { packages } = await inventory(
      ...hostile,
      file('app/node_modules/ok/package.json', '{"name":"ok","version":"1.0.0"}'),
    );
    expect(packages.map(({ name }) => name)).toEqual(['ok']);
    expect(performance.now() - before).toBeLessThan(5000);
  });

  it('cannot forge what is kept through a hard link', async () => {
    const forged = (packages: unknown) => Buffer.from(`\0${JSON.stringify({ by: 'npm', packages, warnings: [] })}`);
    for (const packages of [5, [null], [{ name: 'a', version: '1', licenses: 5 }], [{ name: 'a b', version: '1' }]]) {
      const { packages: found } = await inventory(file('srv/unwanted', forged(packages)), {
        path: 'srv/node_modules/a/package.json',
        type: 'hardlink',
        link: 'srv/unwanted',
      });
      expect(found).toEqual([]);
    }
  });
});

import { zipSync } from 'fflate';
import { packagedFile } from '../packaged-file.ts';
import { type Target, texts } from '../target.ts';

const kind = (name: string, path: string, ...samples: readonly (string | object)[]): Target =>
  packagedFile({ name, path, samples: texts(...samples) });

const zipped = (name: string, path: string, member: string, sample: string): Target =>
  packagedFile({ name, path, samples: texts(sample), pack: (input) => Buffer.from(zipSync({ [member]: input })) });

const metadata =
  'Metadata-Version: 2.1\nName: Requests\nVersion: 2.31.0\nLicense: Apache 2.0\nClassifier: License :: OSI Approved :: MIT License\n\ntext\n';
const nuspec =
  '<?xml version="1.0"?><package xmlns="http://schemas.microsoft.com/packaging/2013/05/nuspec.xsd"><metadata><id>A.B</id><version>1.0.0</version><license type="expression">MIT</license></metadata></package>';

/** Files by which installed packages of languages tell of themselves. */
export const languageTargets: readonly Target[] = [
  kind('package-json', 'app/node_modules/a/package.json', '{"name":"a","version":"1.0.0","license":{"type":"MIT"}}'),
  zipped('yarn-cache', '.yarn/cache/a.zip', 'node_modules/a/package.json', '{"name":"a","version":"1.0.0"}'),
  kind('python-metadata', 'usr/lib/python3/site-packages/a.dist-info/METADATA', metadata),
  zipped('python-wheel', 'opt/a-1.0-py3-none-any.whl', 'a-1.0.dist-info/METADATA', metadata),
  packagedFile({
    name: 'zip',
    path: 'opt/a.nupkg',
    samples: [Buffer.from(zipSync({ 'A.nuspec': Buffer.from(nuspec), 'b/c.txt': Buffer.alloc(3000, 'x') }))],
  }),
  kind(
    'gemspec',
    'usr/specifications/a-1.gemspec',
    'Gem::Specification.new do |s|\n  s.name = "a".freeze\n  s.version = "1.15.0"\n  s.platform = "x86_64-linux".freeze\n  s.licenses = ["MIT".freeze]\nend\n',
  ),
  kind('composer-installed', 'app/vendor/composer/installed.json', {
    packages: [
      { name: 'Symfony/http-kernel', version: 'v5.4.1', license: ['MIT'] },
      { name: 'a/b', version: 'dev-main' },
    ],
  }),
  kind('dotnet-deps', 'app/app.deps.json', {
    runtimeTarget: { name: '.NETCoreApp,Version=v6.0/linux-x64' },
    targets: {
      '.NETCoreApp,Version=v6.0/linux-x64': {
        'Newtonsoft.Json/12.0.3': { runtime: { 'lib/Newtonsoft.Json.dll': {} } },
      },
    },
    libraries: { 'Newtonsoft.Json/12.0.3': { type: 'package' } },
  }),
  kind('nuspec', 'root/.nuget/packages/a.b/1.0.0/a.b.nuspec', nuspec),
  kind('conda', 'opt/conda/conda-meta/numpy-1.json', {
    name: 'numpy',
    version: '1.26.0',
    build: 'py311_0',
    channel: 'https://conda.anaconda.org/conda-forge/linux-64',
    license: 'BSD-3-Clause',
  }),
  kind(
    'r-description',
    'usr/local/lib/R/site-library/rJava/DESCRIPTION',
    'Package: rJava\nVersion: 1.0-4\nDescription: a\n b\nLicense: GPL-2\nBuilt: R 4.3.1; ; 2023-01-01 00:00:00 UTC; unix\n',
  ),
  kind(
    'rockspec',
    'usr/lib/luarocks/rocks-5.1/a/3.0-1/a-3.0-1.rockspec',
    'package = "A"\nversion = "3.0-1"\ndescription = {\n   license = "MIT"\n}\n',
  ),
  kind(
    'pubspec',
    'root/.pub-cache/hosted/pub.dev/http-0.13.3/pubspec.yaml',
    'name: http\nversion: 0.13.3\nenvironment:\n  sdk: ">=2"\n',
  ),
  kind(
    'erlang-app',
    'app/lib/cowboy-2.9.0/ebin/cowboy.app',
    '{application, \'cowboy\', [\n\t{description, "x"},\n\t{vsn, "2.9.0"}\n]}.',
  ),
  kind(
    'cpan-install',
    'usr/lib/perl5/.meta/URI-2.04/install.json',
    '{"name":"URI","version":"2.04","dist":"URI-2.04"}',
  ),
  kind(
    'crates-toml',
    'root/.cargo/.crates.toml',
    '[v1]\n"ripgrep 13.0.0 (registry+https://github.com/rust-lang/crates.io-index)" = ["rg"]\n',
  ),
  kind(
    'ghc-package',
    'root/.cabal/store/ghc-9.4.7/package.db/aeson-2.conf',
    'name:                 aeson\nversion:              2.0.3.0\nlicense:              BSD-3-Clause\n',
  ),
  kind(
    'julia-project',
    'root/.julia/packages/JSON/93Ea8/Project.toml',
    'name = "JSON"\nuuid = "682c06a0"\nversion = "0.21.4"\n',
  ),
  kind(
    'opam',
    'home/opam/.opam/4.14/.opam-switch/packages/lwt.5.7.0/opam',
    'opam-version: "2.0"\nlicense: ["MIT" "ISC"]\n',
  ),
  kind(
    'brew-receipt',
    'home/linuxbrew/.linuxbrew/Cellar/openssl@3/3.1.4/INSTALL_RECEIPT.json',
    '{"source":{"tap":"homebrew/core"}}',
  ),
  kind(
    'pear-registry',
    'usr/local/lib/php/.registry/.channel.pecl.php.net/redis.reg',
    'a:3:{s:4:"name";s:5:"redis";s:7:"channel";s:12:"pecl.php.net";s:7:"version";a:2:{s:7:"release";s:5:"5.3.7";s:3:"api";s:5:"5.3.0";}}',
  ),
  kind(
    'wordpress',
    'var/www/html/wp-content/plugins/akismet/akismet.php',
    '<?php\n/**\n * Plugin Name: Akismet\n * Version: 5.0.1 */\n',
  ),
  kind(
    'vscode',
    'root/.vscode-server/extensions/redhat.java-1.46.0/package.json',
    '{"publisher":"redhat","name":"java","version":"1.46.0"}',
  ),
  kind('pods-manifest', 'app/Pods/Manifest.lock', 'PODS:\n  - A (1.10)\n  - B/Core (2.0):\n    - A (~> 1)\n'),
];

import { packagedFile } from '../packaged-file.ts';
import { type Target, texts } from '../target.ts';

const lock = (base: string, ...samples: readonly (string | object)[]): Target =>
  packagedFile({ name: `lock-${base}`, path: `srv/${base}`, samples: texts(...samples) });

const toml =
  '[[package]]\nname = "a"\nversion = "1.0"\nsource = { registry = "https://example.org" }\ndependencies = [{ name = "b" }]\n\n[[package]]\nname = "b"\nversion = "2.0"\ngroups = ["main", "dev"]\n';

/** Lock files and build files of projects. */
export const lockFileTargets: readonly Target[] = [
  lock('package-lock.json', {
    lockfileVersion: 3,
    packages: {
      '': { name: 'app' },
      'node_modules/@s/a': { version: '1.0.0' },
      'node_modules/b': { name: 'real', version: '3.0.0', dev: true },
    },
  }),
  lock('npm-shrinkwrap.json', {
    lockfileVersion: 1,
    dependencies: { a: { version: '1.0.0', dependencies: { b: { version: '2.0.0' } } } },
  }),
  lock(
    'yarn.lock',
    '# yarn lockfile v1\n\n\n"@s/a@^1.0.0", "@s/a@^1.1.0":\n  version "1.1.0"\n  resolved "https://example.org/a.tgz"\n\nalias@npm:real@^2.0.0:\n  version "2.0.1"\n',
    '__metadata:\n  version: 8\n\n"@s/a@npm:^1.0.0":\n  version: 1.1.0\n  resolution: "@s/a@npm:1.1.0"\n\n"p@patch:p@npm%3A1.0.0#./x.patch":\n  version: 1.0.0\n  resolution: "p@patch:p@npm%3A1.0.0#./x.patch::version=1.0.0"\n',
  ),
  lock(
    'pnpm-lock.yaml',
    'lockfileVersion: 5.4\npackages:\n  /@s/a/1.0.0_react@17.0.0:\n    dev: false\n  /b/2.0.0:\n    dev: true\n',
    "lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n      '@s/a':\n        specifier: ^1\n        version: 1.0.0(b@2.0.0)\npackages:\n  '@s/a@1.0.0': {resolution: {integrity: x}}\n  b@2.0.0: {}\nsnapshots:\n  '@s/a@1.0.0(b@2.0.0)':\n    dependencies:\n      b: 2.0.0\n  b@2.0.0: {}\n",
  ),
  lock(
    'bun.lock',
    '{\n  "lockfileVersion": 1,\n  "packages": {\n    "a": ["@s/a@1.0.0", "", {}, "sha512-x"],\n  },\n}\n',
  ),
  lock('deno.lock', { version: '4', npm: { '@s/a@1.0.0_react@17.0.0': {}, 'string_decoder@1.3.0': {} } }),
  lock(
    'requirements.txt',
    'Django==4.2.1 ; python_version > "3" # why\nrequests[socks]==2.31.0 \\\n    --hash=sha256:abc\nsix === 1.16.0\nurl @ https://example.org/x.whl\n',
  ),
  lock('Pipfile.lock', { default: { a: { version: '==1.0' } }, develop: { b: { version: '==2.0' } } }),
  lock('poetry.lock', toml),
  lock(
    'uv.lock',
    `version = 1\n[[package]]\nname = "own"\nversion = "0.1.0"\nsource = { virtual = "." }\ndependencies = [{ name = "a" }]\n${toml}`,
  ),
  lock(
    'pylock.toml',
    'lock-version = "1.0"\n[[packages]]\nname = "a"\nversion = "1.0"\n[[packages]]\nname = "vcs"\n[packages.vcs]\ntype = "git"\n',
  ),
  lock(
    'Gemfile.lock',
    'GIT\n  remote: https://example.org/g.git\n  specs:\n    git (0.1.0)\n\nGEM\n  remote: https://rubygems.org/\n  specs:\n    nokogiri (1.15.0-x86_64-linux)\n      racc (~> 1.4)\n    racc (1.7.0)\n\nDEPENDENCIES\n  nokogiri (~> 1)\n',
  ),
  lock('composer.lock', {
    packages: [{ name: 'Monolog/monolog', version: 'v2.0.0', license: ['MIT'] }],
    'packages-dev': [{ name: 'a/b', version: '9.0.0' }],
  }),
  lock(
    'Cargo.lock',
    '[[package]]\nname = "serde"\nversion = "1.0.1"\nsource = "registry+https://github.com/rust-lang/crates.io-index"\n',
  ),
  lock(
    'go.mod',
    'module example.org/own\n\ngo 1.21\n\nrequire golang.org/x/net v0.7.0 // indirect\nrequire (\n\tgithub.com/Azure/a v1.0.0\n)\nreplace (\n\tgolang.org/x/net => golang.org/x/net v0.8.0\n)\n',
  ),
  lock('gradle.lockfile', '# This is a Gradle generated file\norg.a:b:1.0=compileClasspath,runtimeClasspath\nempty=\n'),
  lock('build.sbt.lock', {
    lockVersion: 1,
    dependencies: [{ org: 'org.a', name: 'b', version: '1.0', configurations: ['compile'] }],
  }),
  lock(
    'pom.xml',
    `<?xml version="1.0"?><project xmlns="http://maven.apache.org/POM/4.0.0"><parent><groupId>org.example</groupId><artifactId>parent</artifactId><version>3.0</version></parent><artifactId>app</artifactId><properties><a>5.3.1</a><b>\${a}</b><c>\${c}</c></properties><dependencies><dependency><groupId>g</groupId><artifactId>x</artifactId><version>\${b}</version></dependency><dependency><groupId>g</groupId><artifactId>y</artifactId><version>\${c}</version></dependency></dependencies></project>`,
  ),
  lock('packages.lock.json', { version: 1, dependencies: { 'net6.0': { A: { type: 'Direct', resolved: '1.0.0' } } } }),
  lock(
    'packages.config',
    '<?xml version="1.0"?>\n<packages><package id="A" version="1.0" /><package id="B" version="2.0" developmentDependency="true" /></packages>',
  ),
  lock(
    'app.csproj',
    '<Project Sdk="x"><PropertyGroup><V>3.0.0</V></PropertyGroup><ItemGroup><PackageReference Include="A" Version="1.0.0" /><PackageReference Include="B"><Version>$(V)</Version></PackageReference></ItemGroup></Project>',
  ),
  lock(
    'mix.lock',
    '%{\n  "jason": {:hex, :jason, "1.4.0", "abc", [:mix], [], "hexpm", "def"},\n  "git": {:git, "https://example.org", "abc", []},\n}\n',
  ),
  lock('rebar.lock', '{"1.2.0",\n[{<<"cowboy">>,{pkg,<<"cowboy">>,<<"2.9.0">>},0},\n {<<"x">>,{git,"x"},0}]}.\n'),
  lock(
    'pubspec.lock',
    'packages:\n  http:\n    dependency: "direct main"\n    source: hosted\n    version: "0.13.3"\n',
  ),
  lock(
    'conan.lock',
    { version: '0.5', requires: ['zlib/1.2.11#rev%1.0', 'openssl/3.0.3@user/stable'] },
    { graph_lock: { nodes: { 0: { path: 'conanfile.py', ref: 'own/1.0' }, 1: { ref: 'zlib/1.2.11#rev' } } } },
  ),
  lock(
    'Package.resolved',
    {
      version: 2,
      pins: [
        { identity: 'swift-nio', location: 'https://github.com/apple/swift-nio.git', state: { version: '2.0.0' } },
      ],
    },
    {
      version: 1,
      object: { pins: [{ package: 'b', repositoryURL: 'git@github.com:Org/b.git', state: { version: '1.0.0' } }] },
    },
  ),
  lock(
    'Podfile.lock',
    'PODS:\n  - A (1.10)\n  - B/Core (2.0):\n    - A (~> 1)\n\nDEPENDENCIES:\n  - A\n\nEXTERNAL SOURCES:\n  Own:\n    :path: "../own"\n',
  ),
  lock('renv.lock', { R: {}, Packages: { rJava: { Package: 'rJava', Version: '1.0-4' } } }),
  lock(
    'Manifest.toml',
    'manifest_format = "2.0"\n[[deps.JSON]]\nuuid = "682c06a0-de6a-54ab-a142-c8b1cf79cde6"\nversion = "0.21.3"\n',
  ),
  lock(
    'stack.yaml.lock',
    'packages:\n- completed:\n    hackage: AC-HalfInteger-1.2.1@sha256:abc,12\n  original:\n    hackage: AC-HalfInteger-1.2.1\n',
  ),
  lock(
    'cabal.project.freeze',
    'constraints: any.aeson ==2.0.3.0,\n             aeson +ordered-keymap,\n             any.text ==1.2.5.0\n',
  ),
];
